"""The settings of tfenv_lab, which the server extension and the commands share."""

from __future__ import annotations

from traitlets import Bool, Int

from .configuration import CheckedSettings
from .traits import (
    Bytes,
    Clusters,
    DisplayName,
    Folder,
    IndexPlace,
    Pattern,
    Texts,
    channel_fault,
    environment_fault,
    index_fault,
    variable_pattern_fault,
)


class TfenvLab(CheckedSettings):
    """The settings of tfenv_lab.

    An invalid value of a trait that is tagged ``harmless`` is ignored with a warning. An invalid value of any other
    trait must refuse every call, because the default could allow more than was meant.
    """

    channels = Texts(
        channel_fault,
        help="Channels in order of priority: names, URLs or file:// URLs. Default: those of condarc, or conda-forge.",
    ).tag(config=True)
    allowed_channels = Texts(
        channel_fault,
        help="Channels that a package spec or an imported file may name. Default: the configured channels. "
        "If this is set, users cannot replace the channels with a local channel.",
    ).tag(config=True)
    python_index = IndexPlace(
        "",
        help="Package index to read instead of those that pip and uv are configured with: a URL or a directory. "
        "Default: pip's and uv's own configuration, or https://pypi.org/simple.",
    ).tag(config=True)
    allowed_indexes = Texts(
        index_fault,
        help="Package indexes and directories of packages that may be read, with everything below them, and places "
        "that requirements may name. Others that pip or uv are configured with are not read. Default: all.",
    ).tag(config=True)
    allow_source_builds = Bool(
        True,
        help="Whether a plan may build packages from source, which runs their code, if a user agrees. "
        "Otherwise only wheels are installed.",
    ).tag(config=True)
    allow_url_requirements = Bool(
        True, help="Whether a requirement may name a URL, a path or a repository instead of a version."
    ).tag(config=True)
    envs_dir = Folder(
        "",
        help="Directory in which new environments are created. Default: the first writable directory of condarc's "
        "envs_dirs, or ~/.conda/envs.",
    ).tag(config=True)
    package_cache = Folder(
        "",
        help="Directory for unpacked packages. Environments on the same file system share its files. Default: a "
        "directory in the user's cache.",
    ).tag(config=True)
    package_cache_limit = Bytes(
        0,
        help="Maximum size of the package cache: a number of bytes, or a text such as “20 GB”; 0: no limit. If it is "
        "larger after a job, packages that no environment has are deleted: first those that were not used for the "
        "longest time, and last those that reverts need.",
    ).tag(config=True, harmless=True)
    max_environments = Int(
        0,
        min=0,
        help="Number of environments that a user may have; 0: no limit. The base environment, the environment of the "
        "server, and environments that the user cannot change or has published do not count.",
    ).tag(config=True)
    max_bytes = Bytes(
        0,
        help="Space that a user's environments, caches and trash may take: a number of bytes, or a text such as "
        "“50 GB”; 0: no limit. A file with several hard links counts once.",
    ).tag(config=True)
    undo_minutes = Int(
        10,
        min=0,
        max=1440,
        help="Minutes for which a deleted environment can be restored; until then, it still takes up space. 0: delete "
        "at once.",
    ).tag(config=True, harmless=True)
    max_running_jobs = Int(2, min=1, help="Number of jobs that may run at the same time; further jobs wait.").tag(
        config=True, harmless=True
    )
    protected_environments = Texts(
        environment_fault,
        help="Names or paths of environments that tfenv_lab must not change. The base environment and the environment "
        "of the server are always protected.",
    ).tag(config=True)
    kernel_display_name = DisplayName(
        "{name} (TensorFlow {tensorflow})",
        help="Display name of a kernel: a format with {name}, {tensorflow}, {language} and {version}. "
        "The kernel of an environment without TensorFlow is called “{name} ({language} {version})”.",
    ).tag(config=True, harmless=True)
    kernel_filter = Pattern(
        "",
        help="Regular expression for the paths of environments whose kernels are not registered, as env_filter of "
        "nb_conda_kernels. Default: the kernels of all environments are registered.",
    ).tag(config=True)
    kernel_variables_excluded = Texts(
        variable_pattern_fault,
        help="Names of variables, or patterns with * such as *_TOKEN, that kernelspecs must not contain, because other "
        "programs read them. The kernels that this server starts still have these variables.",
    ).tag(config=True)
    check_after_change = Bool(
        True, help="Check an environment in the background after it is created or its TensorFlow changes."
    ).tag(config=True, harmless=True)
    spare_worker = Bool(
        True,
        help="While users make changes, keep a process that starts the next job at once. It takes about 40 MB of "
        "memory, and ends 5 minutes after the last change.",
    ).tag(config=True, harmless=True)
    clusters = Clusters(
        help="Dask clusters to whose workers users may bring environments: addresses of schedulers by name, as in "
        "{'gpu': 'tls://10.0.0.1:8786'}. Certificates are those of Dask's configuration on this machine.",
    ).tag(config=True)
    offline = Bool(False, help="Use only cached channel data and packages, and make no network request.").tag(
        config=True
    )
