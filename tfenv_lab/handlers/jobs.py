"""``jobs``: start, list, read and cancel jobs."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import InvalidRequest
from ..sentences import say
from .base import BaseHandler


class JobsHandler(BaseHandler):
    """``GET jobs`` and ``POST jobs``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        # JupyterLab asks for them again and again, which must not keep an idle server alive.
        self._track_activity = False
        jobs = await self.services.jobs.all()
        self.send({"jobs": [job.to_json() for job in jobs]})

    @web.authenticated
    @authorized
    async def post(self) -> None:
        body = self.body()
        plan = body.get("plan")
        if not isinstance(plan, str) or set(body) != {"plan"}:
            raise InvalidRequest(say("The body must be an object with one field, “plan”: the id of a plan."))
        if (await self.services.plans.get(plan)).kind == "rollout":
            await self.require_rollout()
        job = await self.services.jobs.apply(plan)
        self.send(job, 202, f"jobs/{job.id}")


class JobHandler(BaseHandler):
    """``GET jobs/{id}`` and ``DELETE jobs/{id}``."""

    @web.authenticated
    @authorized
    async def get(self, job_id: str) -> None:
        self.send(await self.services.jobs.get(job_id))

    @web.authenticated
    @authorized
    async def delete(self, job_id: str) -> None:
        job = await self.services.jobs.get(job_id)
        if job.kind == "rollout" or job.cluster is not None:
            await self.require_rollout()
        job = await self.services.jobs.cancel(job_id)
        self.send(job, 202, f"jobs/{job.id}")


class JobLogHandler(BaseHandler):
    """``GET jobs/{id}/log``: the job's log as text."""

    @web.authenticated
    @authorized
    async def get(self, job_id: str) -> None:
        log = await self.services.jobs.log_of(job_id)
        self.finish(log, set_content_type="text/plain; charset=utf-8")


class UndoHandler(BaseHandler):
    """``POST jobs/{id}/undo`` and ``DELETE jobs/{id}/undo``: restore a deleted environment, or delete it at once."""

    @web.authenticated
    @authorized
    async def post(self, job_id: str) -> None:
        body = self.body() if self.request.body else {}
        name = body.get("name")
        if not isinstance(name, str | None) or not set(body) <= {"name"}:
            raise InvalidRequest(say("The body must be an object with at most one field, “name”: a name or null."))
        jobs = self.services.jobs
        job = await jobs.deletions.undo(await jobs.get(job_id), name)
        self.send(job, 202, f"jobs/{job.id}")

    @web.authenticated
    @authorized
    async def delete(self, job_id: str) -> None:
        jobs = self.services.jobs
        self.send(await jobs.deletions.finish(await jobs.get(job_id)))


HANDLERS = [
    (r"jobs", JobsHandler),
    (r"jobs/([^/]+)", JobHandler),
    (r"jobs/([^/]+)/log", JobLogHandler),
    (r"jobs/([^/]+)/undo", UndoHandler),
]
