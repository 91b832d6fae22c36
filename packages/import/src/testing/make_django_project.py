"""Makes the old backend's database with Django itself: its migrations, its user model, and people with every hasher that it has.

Usage: make_django_project.py DATABASE_FILE. Prints a line of JSON for each person: what they type and whether it let them in.
"""
import atexit
import json
import os
import shutil
import sys
import tempfile

folder = tempfile.mkdtemp(prefix="latchkey-django-")
atexit.register(shutil.rmtree, folder, ignore_errors=True)
os.makedirs(os.path.join(folder, "users", "migrations"))
for name in ("users/__init__.py", "users/migrations/__init__.py"):
    open(os.path.join(folder, name), "w").close()
with open(os.path.join(folder, "users", "models.py"), "w") as models:
    models.write(
        """
from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    phone_number = models.CharField(max_length=20, unique=True, null=True, blank=True)
    gender = models.CharField(max_length=10, choices=[("Male", "Male"), ("Female", "Female")], null=True, blank=True)
    country = models.CharField(max_length=120, null=True, blank=True)
    city = models.CharField(max_length=120, null=True, blank=True)
    state = models.CharField(max_length=120, null=True, blank=True)
    is_approved_to_be_in_touch = models.BooleanField(default=False)

    class Meta:
        permissions = [("publish", "Can publish"), ("close-order", "Can close an order")]
"""
    )
sys.path.insert(0, folder)

import django
from django.conf import settings

hashers = ["PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "BCrypt", "Scrypt", "SHA1", "MD5", "UnsaltedSHA1", "UnsaltedMD5"]
known = [name for name in hashers if hasattr(__import__("django.contrib.auth.hashers", fromlist=["x"]), name + "PasswordHasher")]
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "users"],
    AUTH_USER_MODEL="users.User",
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.%sPasswordHasher" % name for name in known],
    SECRET_KEY="of-this-test-alone",
    USE_TZ=True,
)
django.setup()

from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

call_command("makemigrations", "users", verbosity=0)
call_command("migrate", verbosity=0)

from users.models import User

password = "Doğru at 42 pil"


def add(username, algorithm="pbkdf2_sha256", **more):
    try:
        encoded = make_password(password, hasher=algorithm)
    except Exception:  # The library of this hasher is not installed.
        return None
    return User.objects.create(username=username, password=encoded, **more)


algorithms = "pbkdf2_sha256 pbkdf2_sha1 argon2 bcrypt_sha256 bcrypt scrypt sha1 md5 unsalted_sha1 unsalted_md5"
for algorithm in algorithms.split():
    add("hashed_by_" + algorithm, algorithm)
add("ayse@firma.example")
add("05321234567", phone_number="0532 123 45 67")
add("20201234")
add("1kaplan")
add("Álvaro.Núñez", email="alvaro@example.org", first_name="Álvaro")
add("with+plus")
add("disabled_one", is_active=False)
add("phone_only_in_brackets", phone_number="(0532) 111-22-33")
clerk = add("clerk")
group = Group.objects.create(name="Clerks")
group.permissions.add(Permission.objects.get(codename="publish"))
clerk.groups.add(group)
User.objects.create(username="no_password", password=make_password(None))

for user in User.objects.order_by("id"):
    let_in = authenticate(username=user.username, password=password) is not None
    print(json.dumps({"id": str(user.pk), "username": user.username, "password": password, "letIn": let_in}))
