"""Test that a worker's messages change its job until the result, and that later ones are only kept."""

from __future__ import annotations

import pytest

from tfenv_lab.conda.transaction.engaged import Engagement
from tfenv_lab.conda.transaction.progress import Progress
from tfenv_lab.conda.transaction.staging import Leftover
from tfenv_lab.errors import JobFailed
from tfenv_lab.jobs.messages import (
    Failed,
    LeftBehind,
    Message,
    Noticed,
    PhaseBegun,
    ProgressMade,
    Succeeded,
    Waiting,
    WorkingOn,
)
from tfenv_lab.jobs.models import PHASES, BusyServer, Job
from tfenv_lab.jobs.reports import WorkerReports
from tfenv_lab.models import Advice


class Watched:
    """A job that its worker's reports change."""

    def __init__(self) -> None:
        self.job = Job("0123abc", "install", "tf", "/envs/tf", None, state="running")
        self.reports = WorkerReports(lambda: self.job, self.update)

    def update(self, job: Job) -> None:
        self.job = job


async def test_a_phase_ends_the_wait_for_another_server() -> None:
    watched = Watched()
    server = BusyServer("conda.anaconda.org", 429, "2026-01-01T00:00:00Z")
    watched.reports.receive(Waiting("The server is busy.", server))
    assert (watched.job.message, watched.job.waiting_for) == ("The server is busy.", server)
    watched.reports.receive(PhaseBegun("link"))
    assert (watched.job.phase, watched.job.message, watched.job.waiting_for) == ("link", PHASES["link"], None)


@pytest.mark.parametrize("result", [Succeeded(), Failed(JobFailed("No.").to_json())])
async def test_the_first_result_counts_and_no_later_message_changes_the_job(result: Message) -> None:
    watched = Watched()
    watched.reports.receive(result)
    before = watched.job
    for late in (PhaseBegun("swap"), ProgressMade(Progress()), Succeeded(freed=1)):
        watched.reports.receive(late)
    assert watched.job is before
    assert watched.reports.last.result() is result


async def test_leftovers_count_after_the_result_too() -> None:
    watched = Watched()
    left = Leftover("/envs/.tfenv-trash-0123abc-tf", 1, 2, "not permitted")
    watched.reports.receive(Succeeded())
    watched.reports.receive(LeftBehind(left))
    assert watched.reports.leftovers == [left]


async def test_notices_and_the_current_package_wait_for_the_end() -> None:
    watched = Watched()
    before, advice, engaged = watched.job, Advice("shared-files", "info", "Two packages have one file."), Engagement()
    watched.reports.receive(Noticed(advice))
    watched.reports.receive(WorkingOn(engaged))
    assert watched.job is before
    assert (watched.reports.notices, watched.reports.engagement) == ([advice], engaged)
