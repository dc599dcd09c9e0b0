"""A JupyterHub without a proxy, for tests that ask the hub itself."""

from jupyterhub.proxy import Proxy


class NoProxy(Proxy):
    """Remembers the routes it is given, and does nothing."""

    should_start = False
    routes: dict = {}  # noqa: RUF012  (one hub)

    async def add_route(self, routespec, target, data):
        self.routes[routespec] = dict(routespec=routespec, target=target, data=data)

    async def delete_route(self, routespec):
        self.routes.pop(routespec, None)

    async def get_all_routes(self):
        return self.routes
