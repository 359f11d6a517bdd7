"""The versions of a study's protocol over the API: reading, checking and storing the next one."""

from typing import Any

from django.db.models import Count, QuerySet, Subquery
from django.http import Http404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import editing
from conversations.api.documents import faulty, places
from conversations.models import Protocol
from conversations.protocols import ProtocolError
from conversations.stage import rules_gaps
from surveys.access import Right, person
from surveys.api.pages import OldestFirst
from surveys.api.problems import NotNow
from surveys.api.views import OfStudy
from surveys.models.token import Scope


class ProblemSerializer(serializers.Serializer[Any]):
    line = serializers.IntegerField(help_text="From 1.")
    column = serializers.IntegerField(help_text="From 1.")
    where = serializers.CharField(help_text="A path such as opening.models, or empty.")
    message = serializers.CharField()


class ProtocolSerializer(serializers.ModelSerializer[Protocol]):
    name = serializers.SerializerMethodField()
    is_current = serializers.SerializerMethodField(help_text="Conversations that begin now follow it.")
    conversations = serializers.IntegerField(help_text="How many follow it.")

    class Meta:
        model = Protocol
        fields = ("version", "name", "sha256", "created_at", "is_current", "conversations")

    def get_is_current(self, protocol: Any) -> bool:
        return bool(protocol.version == protocol.newest)

    def get_name(self, protocol: Protocol) -> str:
        return protocol.parsed().name


class WholeProtocolSerializer(ProtocolSerializer):
    gaps = serializers.SerializerMethodField(
        help_text="What the newest version asks for and the models of the study do not give."
    )

    class Meta(ProtocolSerializer.Meta):
        fields = (*ProtocolSerializer.Meta.fields, "gaps", "document")  # type: ignore[assignment]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_gaps(self, protocol: Any) -> list[str]:
        return rules_gaps(protocol.study) if self.get_is_current(protocol) else []


class ProtocolText(serializers.Serializer[Any]):
    document = serializers.CharField(
        max_length=editing.MAXIMUM_TEXT, trim_whitespace=False, help_text="The protocol, YAML or JSON text."
    )


class NextProtocol(ProtocolText):
    after = serializers.IntegerField(
        required=False, min_value=0, help_text="Refuse unless this version is the newest; 0: there is none."
    )


class VerdictSerializer(serializers.Serializer[Any]):
    is_valid = serializers.BooleanField()  # type: ignore[assignment]
    name = serializers.CharField(help_text="Of the protocol, or empty.")
    problems = ProblemSerializer(many=True)


class OfProtocols(OfStudy):
    scope, write_scope = Scope.PROTOCOLS, Scope.PROTOCOLS_WRITE
    queryset = Protocol.objects.none()

    def versions(self) -> QuerySet[Protocol]:
        newest = self.study.protocols.order_by("-version").values("version")[:1]
        counted = self.study.protocols.annotate(conversations=Count("conversation"))
        return counted.annotate(newest=Subquery(newest)).select_related("study")


class Protocols(OfProtocols, ListAPIView[Protocol]):
    """The versions of the study's protocol; the newest holds for conversations that begin now."""

    serializer_class = ProtocolSerializer
    pagination_class = OldestFirst

    def get_queryset(self) -> QuerySet[Protocol]:
        return self.versions()

    @extend_schema(
        request=NextProtocol, responses={200: WholeProtocolSerializer, 201: WholeProtocolSerializer}
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Store the next version; the text of the newest again stores nothing (200)."""
        given = NextProtocol(data=request.data)
        given.is_valid(raise_exception=True)
        document, latest = given.validated_data["document"], editing.newest(self.study)
        base = latest
        if "after" in given.validated_data:
            base = self.study.protocols.filter(version=given.validated_data["after"]).first()
        try:
            stored = editing.store(self.study, person(request._request), document, base, keeps_draft=True)
        except ProtocolError as error:
            return faulty(error.problems)
        except editing.StaleEdit as error:
            raise NotNow(str(error)) from error
        found = WholeProtocolSerializer(self.versions().get(pk=stored.pk)).data
        return Response(found, status=200 if stored == latest else 201)


class OneProtocol(OfProtocols, RetrieveAPIView[Protocol]):
    """One version with its document and, of the newest, what the study's models do not give."""

    serializer_class = WholeProtocolSerializer

    def get_object(self) -> Protocol:
        found = self.versions().filter(version=self.kwargs["version"]).first()
        if found is None:
            raise Http404
        return found


class Check(OfProtocols):
    """Whether a text is a protocol, and if not, where and why; nothing is stored."""

    write_scope = Scope.PROTOCOLS
    write_right = Right.VIEW
    serializer_class = VerdictSerializer

    @extend_schema(request=ProtocolText)
    def post(self, request: Request, **kwargs: Any) -> Response:
        given = ProtocolText(data=request.data)
        given.is_valid(raise_exception=True)
        return Response(verdict(given.validated_data["document"]))


def verdict(document: str) -> dict[str, Any]:
    checked = editing.check(document)
    name = checked.rules.name if checked.rules else ""
    return {"is_valid": checked.rules is not None, "name": name, "problems": places(checked.problems)}
