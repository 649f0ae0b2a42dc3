"""``clusters``: the clusters of the configuration, and their nodes."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from .base import BaseHandler


class ClustersHandler(BaseHandler):
    """``GET clusters``: those that the user may bring environments to."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        clusters = await self.clusters()
        self.send({"clusters": clusters.all() if await self.may_roll_out() else []})


class ClusterNodesHandler(BaseHandler):
    """``GET clusters/{id}/nodes``."""

    @web.authenticated
    @authorized
    async def get(self, cluster: str) -> None:
        await self.require_rollout()
        clusters = await self.clusters()
        self.send({"nodes": await clusters.nodes(cluster)})


HANDLERS = [(r"clusters", ClustersHandler), (r"clusters/([^/]+)/nodes", ClusterNodesHandler)]
