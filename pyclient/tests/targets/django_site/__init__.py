"""A site of django-scim2: `python -m tests.targets.django_site PORT TOKEN`."""
