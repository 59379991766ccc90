"""What the errors of a chat server say: whether the same request may succeed later, when, and what is to blame."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import openai

from codekiln.inference.chat_answer import MalformedAnswer, message_of
from codekiln.inference.response_cache import Completion

# Request timeout, conflict, failed dependency (TGI: generation failed), too early, too many requests; 5xx as well.
_TRANSIENT_STATUSES = frozenset({408, 409, 424, 425, 429})
# Failed dependency, internal server error.
_FAILED_PROMPT = frozenset({424, 500})
# Gateway timeout, and Cloudflare's.
_SLOW = frozenset({504, 524})
# OpenAI; Moonshot; Anthropic, with 400; SiliconFlow; Alibaba; Zhipu.
_NO_CREDIT = re.compile(
    r"insufficient_quota|billing_(?:hard_limit|not_active)|exceeded_current_quota_error|credit balance is too low|"
    r"insufficient balance|balance is insufficient|Arrearage|\u4f59\u989d\u4e0d\u8db3",
    re.IGNORECASE,
)
# Groq (413) and OpenAI (429): the prompt and max_tokens together are more than the account may use in a minute.
_OVER_THE_RATE = re.compile(r"request too large\b.*\btokens per min", re.IGNORECASE | re.DOTALL)
_QUOTED_CHARACTERS = 300
_CERTIFICATE = re.compile(r"\[SSL: (?:CERTIFICATE_VERIFY_FAILED|WRONG_VERSION_NUMBER)\] (?P<said>.*?)(?: \(_ssl|$)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = r"(\d+(?:\.\d+)?) ?(ms|h|m|s)(?:illiseconds?|ours?|inutes?|in|econds?|ecs?)?(?![a-z])"
# google.rpc.RetryInfo, and the sentence of OpenAI, Azure and Groq: "Please try again in 7m12.5s."
_ASKED = re.compile(rf'(?:retryDelay"\s*:\s*"|\b(?:try again|retry) (?:in|after) )((?:{_PART} ?)+)', re.IGNORECASE)


def is_transient(error: BaseException) -> bool:
    """Return whether the same request may succeed later."""
    if isinstance(error, openai.APIStatusError):
        busy = error.status_code in _TRANSIENT_STATUSES or error.status_code >= 500
        # An exhausted account and too large a request get 429 as from a busy server, but waiting does not help.
        return busy and not is_without_credit(error) and not is_over_the_rate(error)
    if isinstance(error, openai.APIConnectionError):
        return about_the_certificate(error) is None
    return isinstance(error, MalformedAnswer)


def is_without_credit(error: openai.APIStatusError) -> bool:
    """Return whether the account has to pay first."""
    return error.status_code == 402 or _NO_CREDIT.search(error.response.text) is not None


def is_over_the_rate(error: openai.APIStatusError) -> bool:
    """Return whether one request has more tokens than the account may use in a minute."""
    return _OVER_THE_RATE.search(error.response.text) is not None


def is_about_the_key(error: openai.APIStatusError) -> bool:
    """Return whether a refusal is one of the key; Gemini's status says that the request is bad."""
    return error.status_code == 401 or (error.status_code == 400 and "api key" in error.response.text.lower())


def about_the_certificate(error: BaseException) -> str | None:
    """Return what is wrong with a server's certificate; None for any other error."""
    found = _CERTIFICATE.search(words(error)) if isinstance(error, openai.APIConnectionError) else None
    return found["said"] if found else None


def is_slow(error: BaseException) -> bool:
    """Return whether an answer took longer than this client, or a gateway before the server, waits."""
    if isinstance(error, openai.APIStatusError):
        return error.status_code in _SLOW
    return isinstance(error, openai.APITimeoutError) and type(error.__cause__).__name__ == "ReadTimeout"


def may_be_the_prompt(error: BaseException) -> bool:
    """Return whether a server that answers others may fail at one request each time it is made."""
    if isinstance(error, openai.APIStatusError):
        return error.status_code in _FAILED_PROMPT or is_slow(error)
    return isinstance(error, MalformedAnswer) or is_slow(error)


def out_of_form(error: BaseException) -> Completion | None:
    """Return what the model wrote where the server refuses that for its form (Groq); None for any other error."""
    body = error.body if isinstance(error, openai.APIStatusError) else None
    written = body.get("failed_generation") if isinstance(body, dict) else None
    return Completion(text=written or "{}", finish_reason="stop") if isinstance(written, str) else None


def asked_seconds(error: BaseException | None) -> float:
    """Return how long the server asks to wait, in seconds: in a header, or in the body where gateways drop it; or 0.

    The headers are ``Retry-After`` (RFC 9110, 10.2.3: a number or a date) and ``retry-after-ms`` (Azure).
    """
    if not isinstance(error, openai.APIStatusError):
        return 0.0
    headers, found = error.response.headers, _ASKED.search(error.response.text)
    parts = re.findall(_PART, found[1], re.IGNORECASE) if found else []
    said = sum(float(number) * _UNITS[unit.lower()] for number, unit in parts)
    return max(_of_header(headers.get("retry-after", "")), _of_header(headers.get("retry-after-ms", "")) / 1000, said)


def _of_header(value: str) -> float:
    try:
        return max(0.0, float(value))
    except ValueError:
        try:
            return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
        except (ValueError, TypeError):
            return 0.0


def words(error: BaseException | None) -> str:
    """Return the server's error message, or the name and text of the network error."""
    if isinstance(error, openai.APIStatusError):
        body = error.body[0] if isinstance(error.body, list) and error.body else error.body
        body = body.get("error", body) if isinstance(body, dict) else body
        return quoted(message_of(body), error.status_code)
    if isinstance(error, openai.APIConnectionError) and error.__cause__:
        error = error.__cause__  # the package's own text is "Connection error." for all of them
        return f"{type(error).__name__}: {error}".rstrip(": ")
    return str(error)


def quoted(text: str, status: int) -> str:
    """Return a response in one line, cut where it is long."""
    return f"HTTP {status}: {' '.join(text.split())[:_QUOTED_CHARACTERS]}"
