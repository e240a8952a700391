#!/bin/sh
# django-scim2 answers 501 to the removal of one member of a group as RFC 7644 writes it.
#
# §3.5.2.2 removes a member by the path `members[value eq "…"]`; django-scim2 says that it supports PATCH, and takes
# a removal only with the path `members` and a value beside it, which the RFC does not have. The models are those of
# its documentation. Takes python3; works in a folder of its own and removes it. Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check django-scim2==0.23.0 Django==5.2.19 scim2-filter-parser==0.7.0
mkdir app
touch app/__init__.py
cat > app/models.py <<'END'
from django.contrib.auth.models import AbstractUser
from django.db import models
from django_scim.models import AbstractSCIMGroupMixin, AbstractSCIMUserMixin


class Group(AbstractSCIMGroupMixin):
    name = models.CharField(max_length=80)


class User(AbstractSCIMUserMixin, AbstractUser):
    scim_groups = models.ManyToManyField(Group, related_name="user_set")
END
cat > try.py <<'END'
import json
import logging
from types import SimpleNamespace

import django
from django.conf import settings
from django.urls import include, path

def signed_in(answer):
    def respond(request):
        request.user = SimpleNamespace(is_authenticated=True, is_anonymous=False)
        return answer(request)

    return respond


settings.configure(
    ALLOWED_HOSTS=["testserver"],
    AUTH_USER_MODEL="app.User",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_scim", "app"],
    MIDDLEWARE=["__main__.signed_in"],
    ROOT_URLCONF="__main__",
    SCIM_SERVICE_PROVIDER={
        "AUTHENTICATION_SCHEMES": [{"type": "oauthbearertoken"}],
        "GROUP_MODEL": "app.models.Group",
        "NETLOC": "testserver",
    },
)
django.setup()
logging.disable()
urlpatterns = [path("scim/v2/", include("django_scim.urls", namespace="scim"))]

from django.core.management import call_command
from django.test import Client

call_command("migrate", run_syncdb=True, verbosity=0)
from app.models import Group, User

client = Client()
group = Group.objects.create(name="Staff")
group.user_set.add(User.objects.create(username="jo"), User.objects.create(username="al"))


def patch(words, operation):
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]}
    answer = client.patch("/scim/v2/Groups/1", json.dumps(body), content_type="application/scim+json")
    print(f"{words}: HTTP {answer.status_code}, members left: {group.user_set.count()}")


supported = client.get("/scim/v2/ServiceProviderConfig").json()["patch"]["supported"]
print(f"PATCH supported: {supported}")
patch("by a filter, as RFC 7644 has it", {"op": "remove", "path": 'members[value eq "1"]'})
patch("by a value, as it has not", {"op": "remove", "path": "members", "value": [{"value": "1"}]})
END
echo "django-scim2 0.23.0 on Django 5.2.19, a group of two members"
venv/bin/python try.py | tee output
cat > expected <<'END'
PATCH supported: True
by a filter, as RFC 7644 has it: HTTP 501, members left: 2
by a value, as it has not: HTTP 200, members left: 1
END
diff expected output && echo "The removal of the RFC is refused; it should remove one member."
