"""Consent documents that are shipped, in our own words."""

from typing import Any

PRISM: dict[str, Any] = {
    "key": "prism",
    "title": "Taking part in this study",
    "body": """\
We study what people from many places and walks of life want from AI language models. This page says what
you would do and what happens with what you tell us. Please read it before you decide.

## What you will do

- Answer questions about yourself and about how you think AI models should behave (about 10 minutes).
- Hold six short conversations with AI models and rate their answers (about 35 minutes).

You can stop at any time by closing the page, and go on later by your personal link.

## What happens with your answers

- Your answers, messages and ratings are stored under a random code. The id that your panel gave us is kept
  apart from them, encrypted, and only used to pay you or to find your data if you ask for that.
- The data will be published for research under the code. Please write nothing that could identify you or
  anybody else.
- Your messages are sent to the companies or computers that run the AI models, without your id or your
  answers.
- Some questions are about sensitive things such as religion or ethnicity. Each of them can be declined.

## What you should know

- AI models can be wrong, and may write things that you find unpleasant.
- Taking part is voluntary. If you change your mind, write to us within 14 days and we erase what you gave.
  After publication that is no longer possible.
- Your payment does not depend on what you answer.
""",
    "boxes": [
        {"key": "consent", "label": "Yes, I consent to take part", "required": True},
        {"key": "consent_age", "label": "I certify that I am 18 years of age or over", "required": True},
    ],
}
