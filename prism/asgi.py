"""The ASGI application that uvicorn serves."""

import os

from django.core.asgi import get_asgi_application

import prism.celery  # noqa: F401 - tasks are sent through this application
from prism.embedded import hold
from prism.lib.memory import settle

hold()  # embedded servers stay for as long as this process serves
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prism.settings")
application = get_asgi_application()
settle()
