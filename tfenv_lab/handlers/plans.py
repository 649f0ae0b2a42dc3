"""``plans``: solve plan requests, and read plans."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from .base import BaseHandler


class PlansHandler(BaseHandler):
    """``POST plans``: solve a plan request."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        body = self.body()
        if body.get("kind") == "rollout":
            await self.require_rollout()
        plan = await self.services.plans.create(body)
        self.send(plan.to_json(), status=201, location=f"plans/{plan.id}")


class PlanHandler(BaseHandler):
    """``GET plans/{id}``."""

    @web.authenticated
    @authorized
    async def get(self, plan_id: str) -> None:
        plan = await self.services.plans.get(plan_id)
        self.send(plan.to_json())


HANDLERS = [(r"plans", PlansHandler), (r"plans/([^/]+)", PlanHandler)]
