"""Serve the site on a port of loopback, with its people in memory."""

import sys
from types import SimpleNamespace
from wsgiref.simple_server import WSGIRequestHandler, make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

APP = "tests.targets.django_site"
PORT, TOKEN = sys.argv[1:]


def bearer(answer):
    """Middleware that knows whoever has the token."""

    def respond(request):
        known = (
            request.headers.get("Authorization") == "Bearer sample-token"
        )  # as tests.targets.servers has it
        request.user = SimpleNamespace(is_authenticated=known, is_anonymous=not known)
        return answer(request)

    return respond


settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    AUTH_USER_MODEL="django_site.User",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_scim", APP],
    MIDDLEWARE=["__main__.bearer"],
    ROOT_URLCONF="__main__",
    SECRET_KEY="sample",
    SCIM_SERVICE_PROVIDER={
        "AUTHENTICATION_SCHEMES": [{"type": "oauthbearertoken"}],
        "GROUP_FILTER_PARSER": f"{APP}.models.GroupFilter",
        "GROUP_MODEL": f"{APP}.models.Group",
        "NETLOC": "127.0.0.1",
        "SCHEME": "http",
    },
)
django.setup()

urlpatterns = [path("scim/v2/", include("django_scim.urls", namespace="scim"))]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


call_command("migrate", run_syncdb=True, verbosity=0)
with make_server("127.0.0.1", int(PORT), get_wsgi_application(), handler_class=Quiet) as server:
    server.serve_forever()
