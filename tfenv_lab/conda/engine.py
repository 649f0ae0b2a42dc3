"""The engine's types, as other rooms name them in their annotations."""

from rattler import GenericVirtualPackage as GenericVirtualPackage
from rattler import PackageRecord as PackageRecord
from rattler import PrefixRecord as PrefixRecord
from rattler import RepoDataRecord as RepoDataRecord
