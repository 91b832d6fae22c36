"""The old backend as a real Django: its user model, its two ways of signing in, and tokens of djangorestframework-simplejwt.

Usage: old_backend.py DATABASE COMMAND, where DATABASE is a file of SQLite, postgres://… or mysql://….

make         makes the tables, and the people that standard input has, one a line of JSON: columns of the user model
sign-in      tries {"name", "password"} a line of standard input, as the old backend looked names up, and prints whose id it is, or null
sql          runs each line of standard input as a statement
change       does by its ORM what each line of standard input says, all at once: {"create": {…}} as create_user takes it, else {"id"} with
             "delete": true, or any of "password" (for set_password), "set": {field: value}, "groups" and "permissions" (all that they have)
With UUID_KEYS in the environment people have UUIDs as their ids.

serve PORT   serves simplejwt's POST /token, /token/refresh, /token/blacklist and GET /me, and the old backend's own POST /own/token and
             GET /own/me, until it is stopped; the secret is in SECRET_KEY
"""
import atexit
import json
import os
import shutil
import sys
import tempfile
from urllib.parse import unquote, urlsplit
from wsgiref.simple_server import make_server

folder = tempfile.mkdtemp(prefix="latchkey-django-")
atexit.register(shutil.rmtree, folder, ignore_errors=True)
os.makedirs(os.path.join(folder, "users", "migrations"))
for name in ("users/__init__.py", "users/migrations/__init__.py"):
    open(os.path.join(folder, name), "w").close()
with open(os.path.join(folder, "users", "models.py"), "w") as models:
    models.write(
        """
import os
import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    if os.environ.get("UUID_KEYS"):
        id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Not unique, so that rows of before the constraint fit, such as empty ones.
    phone_number = models.CharField(max_length=40, null=True, blank=True)
    gender = models.CharField(max_length=10, choices=[("Male", "Male"), ("Female", "Female")], null=True, blank=True)
    country = models.CharField(max_length=400, null=True, blank=True)
    city = models.CharField(max_length=400, null=True, blank=True)
    state = models.CharField(max_length=400, null=True, blank=True)
    is_approved_to_be_in_touch = models.BooleanField(default=False)

    class Meta:
        permissions = [("publish", "Can publish"), ("close-order", "Can close an order")]
"""
    )
sys.path.insert(0, folder)

import django
from django.conf import settings


def database(text):
    url = urlsplit(text)
    engines = {"postgres": "postgresql", "mysql": "mysql"}
    if url.scheme not in engines:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": text}
    found = {
        "ENGINE": "django.db.backends." + engines[url.scheme],
        "NAME": url.path[1:],
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": url.hostname,
        "PORT": url.port or "",
    }
    if url.scheme == "mysql":
        found["OPTIONS"] = {"charset": "utf8mb4", "init_command": "SET time_zone = '+00:00'"}
    return found


def installed(name):
    try:
        __import__(name)
        return [name]
    except ImportError:
        return []


has_tokens = bool(installed("rest_framework_simplejwt"))
hashers = ["PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "BCrypt", "Scrypt", "SHA1", "MD5", "UnsaltedSHA1", "UnsaltedMD5"]
known = [name for name in hashers if hasattr(__import__("django.contrib.auth.hashers", fromlist=["x"]), name + "PasswordHasher")]
if os.environ.get("WITHOUT_BCRYPT"):
    known = [name for name in known if not name.startswith("BCrypt")]
settings.configure(
    DATABASES={"default": database(sys.argv[1])},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "users"]
    + (["rest_framework", "rest_framework_simplejwt.token_blacklist"] if has_tokens else []),
    AUTH_USER_MODEL="users.User",
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.%sPasswordHasher" % name for name in known],
    SECRET_KEY=os.environ.get("SECRET_KEY", "of-this-test-alone"),
    ROOT_URLCONF="users.urls",
    ALLOWED_HOSTS=["*"],
    USE_TZ=True,
    SIMPLE_JWT={"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True},
)
open(os.path.join(folder, "users", "urls.py"), "w").write(
    """
from datetime import datetime, timedelta, timezone

import jwt
from django.conf import settings
from django.urls import path
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.exceptions import AuthenticationFailed, ParseError
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.views import TokenBlacklistView, TokenObtainPairView, TokenRefreshView


@api_view(["GET"])
@authentication_classes([JWTAuthentication])
@permission_classes([IsAuthenticated])
def me(request):
    return Response({"id": request.user.pk, "username": request.user.username})


def find(name):
    from users.models import User

    return User.objects.filter(username=name).first() or User.objects.filter(phone_number=name).first()


class OwnAuthentication(BaseAuthentication):
    \"\"\"Tokens that name their user by a text, looked up as a username and then as a phone number.\"\"\"

    def authenticate(self, request):
        header = request.META.get("HTTP_AUTHORIZATION")
        if not header:
            return None
        try:
            payload = jwt.decode(header.replace("Bearer", "").replace(" ", ""), settings.SECRET_KEY, algorithms=["HS256"])
        except jwt.exceptions.InvalidSignatureError:
            raise AuthenticationFailed("Invalid signature")
        except jwt.exceptions.InvalidTokenError as error:
            raise ParseError(str(error))
        name = payload.get("user_identifier")
        if not name:
            raise AuthenticationFailed("User identifier not found in JWT")
        user = find(name)
        if user is None:
            raise AuthenticationFailed("User not found")
        return user, payload

    def authenticate_header(self, request):
        return "Bearer"


@api_view(["POST"])
@authentication_classes([])
@permission_classes([AllowAny])
def own_token(request):
    user = find(request.data.get("username"))
    if user is None or not user.check_password(request.data.get("password")):
        return Response({"message": "Invalid credentials"}, status=400)
    now = datetime.now(timezone.utc)
    claims = {
        "user_identifier": user.username,
        "exp": int((now + timedelta(hours=5)).timestamp()),
        "iat": now.timestamp(),
        "username": user.username,
        "phone_number": user.phone_number,
    }
    return Response({"token": jwt.encode(claims, settings.SECRET_KEY, algorithm="HS256")})


@api_view(["GET"])
@authentication_classes([OwnAuthentication])
@permission_classes([IsAuthenticated])
def own_me(request):
    return Response({"id": request.user.pk, "username": request.user.username})


urlpatterns = [
    path("own/token", own_token),
    path("own/me", own_me),
    path("token", TokenObtainPairView.as_view()),
    path("token/refresh", TokenRefreshView.as_view()),
    path("token/blacklist", TokenBlacklistView.as_view()),
    path("me", me),
]
"""
    if has_tokens
    else "urlpatterns = []\n"
)
django.setup()

from django.contrib.auth.hashers import PBKDF2PasswordHasher, PBKDF2SHA1PasswordHasher

# Django writes a hash anew at a sign-in; the time that this takes is not what is tried here.
PBKDF2PasswordHasher.iterations = PBKDF2SHA1PasswordHasher.iterations = 1

from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction

from users.models import User


def lines():
    return [json.loads(line) for line in sys.stdin if line.strip()]


def make():
    call_command("makemigrations", "users", verbosity=0)
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        User.objects.bulk_create([User(**person) for person in lines()], batch_size=500)


def find(name):
    """By username, else by phone number, each as it was typed."""
    return User.objects.filter(username=name).first() or User.objects.filter(phone_number=name).first()


def sign_in():
    for attempt in lines():
        user = find(attempt["name"])
        fits = user is not None and user.is_active and user.check_password(attempt["password"])
        print(json.dumps(user.pk if fits else None))


def sql():
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in sys.stdin:
            if statement.strip():
                cursor.execute(statement.replace("%", "%%"))


def change():
    with transaction.atomic():
        for line in lines():
            change_one(**line)


def change_one(id=None, create=None, delete=False, password=None, set=None, groups=None, permissions=None):
    if create is not None:
        User.objects.create_user(**create)
        return
    user = User.objects.get(pk=id)
    if delete:
        user.delete()
        return
    for field, value in (set or {}).items():
        setattr(user, field, value)
    if password is not None:
        user.set_password(password)
    user.save()
    if groups is not None:
        user.groups.set([Group.objects.get_or_create(name=name)[0] for name in groups])
    if permissions is not None:
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))


def serve():
    application = get_wsgi_application()
    make_server("127.0.0.1", int(sys.argv[3]), application).serve_forever()


{"make": make, "sign-in": sign_in, "sql": sql, "change": change, "serve": serve}[sys.argv[2]]()
