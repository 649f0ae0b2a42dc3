"""``clusters``: the clusters of the configuration, and their nodes, and checks of these."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import InvalidRequest
from ..sentences import say
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


class ClusterChecksHandler(BaseHandler):
    """``POST clusters/{id}/checks``."""

    @web.authenticated
    @authorized
    async def post(self, cluster: str) -> None:
        await self.require_rollout()
        body = self.body()
        environment = body.get("environment")
        if not isinstance(environment, str) or set(body) != {"environment"}:
            raise InvalidRequest(
                say("The body must be an object with one field, “environment”: the id of an environment.")
            )
        clusters = await self.clusters()
        job = await clusters.check(cluster, environment)
        self.send(job, 202, f"jobs/{job.id}")


HANDLERS = [
    (r"clusters", ClustersHandler),
    (r"clusters/([^/]+)/nodes", ClusterNodesHandler),
    (r"clusters/([^/]+)/checks", ClusterChecksHandler),
]
