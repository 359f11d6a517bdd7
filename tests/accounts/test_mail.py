"""The page of mail that a development server kept instead of sending."""

import os

import pytest
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.filebased import EmailBackend

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(settings, tmp_path):
    settings.DEBUG = True
    settings.EMAIL_FILE_PATH = tmp_path
    return tmp_path


def keep(directory, *messages):
    EmailBackend(file_path=str(directory)).send_messages(list(messages))


def message(subject="Hello", text="Text", html=""):
    mail = EmailMultiAlternatives(subject, text, "prism@localhost", ["ada@example.org"])
    if html:
        mail.attach_alternative(html, "text/html")
    return mail


def test_mail_is_shown_newest_first(client, mailbox):
    keep(mailbox, message("The older one"))
    for file in mailbox.iterdir():
        os.utime(file, (1, 1))
    keep(mailbox, message("The newer one"))
    page = client.get("/accounts/mail/").content.decode()
    assert page.index("The newer one") < page.index("The older one")


def test_several_messages_of_one_file_are_all_shown(client, mailbox):
    keep(mailbox, message("First of two"), message("Second of two"))
    page = client.get("/accounts/mail/").content.decode()
    assert "First of two" in page
    assert "Second of two" in page


def test_a_link_in_the_text_can_be_followed(client, mailbox):
    keep(mailbox, message(text="Open http://127.0.0.1:8000/coordinate/invitation/?link=abc now"))
    page = client.get("/accounts/mail/").content.decode()
    assert 'href="http://127.0.0.1:8000/coordinate/invitation/?link=abc"' in page


def test_html_is_never_shown_as_html(client, mailbox):
    keep(mailbox, message(text="<script>alert(1)</script>", html="<img src=x onerror=alert(2)>"))
    page = client.get("/accounts/mail/").content.decode()
    assert "<script>alert" not in page
    assert "onerror" not in page


def test_an_empty_box_says_so(client, mailbox):
    assert "No mail yet" in client.get("/accounts/mail/").content.decode()


def test_only_the_own_machine_and_development_see_it(client, mailbox, settings):
    assert client.get("/accounts/mail/", REMOTE_ADDR="192.0.2.7").status_code == 404
    settings.DEBUG = False
    assert client.get("/accounts/mail/").status_code == 404
