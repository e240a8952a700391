"""People and groups with the fields that django-scim2 asks for."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django_scim.filters import GroupFilterQuery
from django_scim.models import AbstractSCIMGroupMixin, AbstractSCIMUserMixin


class Group(AbstractSCIMGroupMixin):
    """A group."""

    name = models.CharField(max_length=99, unique=True)


class User(AbstractSCIMUserMixin, AbstractUser):
    """Somebody with an account."""

    scim_groups = models.ManyToManyField(Group, related_name="user_set")


class GroupFilter(GroupFilterQuery):
    """Groups are found by their names."""

    attr_map = {("displayName", None, None): "name"}  # noqa: RUF012 (as django-scim2 has it)
