"""Writes django-hashes.json: stored passwords as Django makes them, for django.test.ts.

Debian: apt-get install python3-django python3-bcrypt python3-argon2
        /usr/bin/python3 make-django-hashes.py

Django (3.2 or later) makes every string; scrypt, which came with Django 4.0, is put together from hashlib.scrypt where
Django has none. Salts are fixed and costs are low, so that the file comes out the same and the tests are quick.
"""

import base64
import hashlib
import json
import pathlib

import django
from django.conf import settings

settings.configure()
django.setup()

from argon2 import Parameters, Type, low_level  # noqa: E402
from django.contrib.auth import hashers  # noqa: E402

BCRYPT_SALT = b"$2b$04$abcdefghijklmnopqrstuu"
SEA = "seasalt"  # the salt, and with "lètmein" the strings, of Django's own tests


def pbkdf2_sha256(password, iterations=1000, salt=SEA):
    return hashers.PBKDF2PasswordHasher().encode(password, salt, iterations)


def pbkdf2_sha1(password, iterations=1000, salt=SEA):
    return hashers.PBKDF2SHA1PasswordHasher().encode(password, salt, iterations)


def bcrypt_sha256(password, salt=BCRYPT_SALT):
    return hashers.BCryptSHA256PasswordHasher().encode(password, salt)


def bcrypt(password, salt=BCRYPT_SALT):
    return hashers.BCryptPasswordHasher().encode(password, salt)


def scrypt(password, n=1024, r=8, p=1, salt=SEA):
    if hasattr(hashers, "ScryptPasswordHasher"):
        return hashers.ScryptPasswordHasher().encode(password, salt, n, r, p)
    digest = hashlib.scrypt(password.encode(), salt=salt.encode(), n=n, r=r, p=p, maxmem=2**27, dklen=64)
    return "scrypt$%d$%s$%d$%d$%s" % (n, salt, r, p, base64.b64encode(digest).decode())


def argon2(password, variant=Type.ID, memory=1024, passes=2, lanes=8, salt="seasaltseasalt"):
    class Hasher(hashers.Argon2PasswordHasher):
        time_cost, memory_cost, parallelism = passes, memory, lanes

        def params(self):
            return Parameters(variant, low_level.ARGON2_VERSION, len(salt), 32, passes, memory, lanes)

    return Hasher().encode(password, salt)


MAKERS = [pbkdf2_sha256, pbkdf2_sha1, bcrypt_sha256, bcrypt, scrypt, argon2]

CHINESE = "锁匠把旧钥匙放在窗台上等着明天的雨停下来然后他会慢慢走过石桥去找那个从来没有打开过的木箱子因为里面藏着祖父留给他的最后一封信与那张没有人看得懂的地图啊"[:64]
assert len(CHINESE) == 64

PASSWORDS = {
    "ASCII": "correct horse",
    "accents": "lètmein",
    "Turkish": "Şifre-ığüçö",
    "emoji": "🔑🔒 family 👨‍👩‍👧",
    "white space at both ends": "  spaced out \t",
    "64 Chinese characters": CHINESE,
    "combining accents, as typed": "le\u0300tmein",
    "nothing": "",
    "a dollar sign": "pa$$word$",
}


def rows():
    for title, password in PASSWORDS.items():
        for make in MAKERS:
            yield f"{make.__name__} of {title}", password, make(password)
    yield "bcrypt_sha256 of a NUL in the middle", "before\0after", bcrypt_sha256("before\0after")
    yield "bcrypt_sha256 of 100 bytes", "a" * 99 + "b", bcrypt_sha256("a" * 99 + "b")
    yield "bcrypt of 100 bytes", "a" * 99 + "b", bcrypt("a" * 99 + "b")
    yield "bcrypt with the prefix 2a", "correct horse", bcrypt("correct horse", BCRYPT_SALT.replace(b"2b", b"2a"))
    yield "pbkdf2_sha256 at the cost of Django 3.2", "lètmein", pbkdf2_sha256("lètmein", 260000)
    yield "scrypt at the cost of Django 4.0", "lètmein", scrypt("lètmein", 2**14, 8, 1)
    yield "scrypt at the cost of Django 5.1", "lètmein", scrypt("lètmein", 2**14, 8, 5)
    yield "argon2id at the cost of Django 3.2", "lètmein", argon2("lètmein", memory=102400)
    yield "argon2i", "lètmein", argon2("lètmein", Type.I, 512, 2, 2)
    yield "argon2d", "lètmein", argon2("lètmein", Type.D, 512, 2, 2)


target = pathlib.Path(__file__).with_name("django-hashes.json")
table = [{"title": title, "password": password, "encoded": encoded} for title, password, encoded in rows()]
target.write_text(json.dumps(table, ensure_ascii=True, indent=2) + "\n")
