"""The ASGI application that uvicorn serves."""

import os

import django
from django.conf import settings

import prism.celery  # noqa: F401 - tasks are sent through this application
from prism.embedded import hold
from prism.lib.handler import ThreadHandler
from prism.lib.memory import settle

hold()  # embedded servers stay for as long as this process serves
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prism.settings")
django.setup(set_prefix=False)
application = ThreadHandler(threads=settings.WEB_THREADS)
settle()
