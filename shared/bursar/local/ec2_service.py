"""The few EC2 calls that Bursar makes, on loopback: spot prices, volumes, snapshots, reservations.

The EC2 query API: a form is posted, XML comes back. boto3 finds it behind
AWS_ENDPOINT_URL_EC2. Signatures are not checked; whatever else is asked is UnknownAction.
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self, TypeVar
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from bursar.domain.cluster.storage import EbsSnapshot, VolumeSpec
from bursar.domain.spot import SpotPoint

SpotPoints = Callable[[Collection[str], datetime, datetime], Iterable[SpotPoint]]
Volumes = Callable[[], Mapping[str, VolumeSpec]]
Snapshots = Callable[[], Iterable[EbsSnapshot]]

_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
_REQUEST_ID = "5a1b6c2e-0000-4000-8000-000000000000"
_LARGEST_PAGE = 1000
_LINUX = "Linux/UNIX"
_COMPLETED = "completed"
_T = TypeVar("_T")
_Form = Mapping[str, str]


class Ec2Error(Exception):
    """What EC2 refuses: its error code, and why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Ec2Service:
    """Serves what callables know, until it is stopped.

    `spot_points(types, start, end)` answers the points of the span and those in force at its
    start; `volumes()` answers every volume by its id; `snapshots()` answers every snapshot,
    all of them completed and our own. Use it as a context manager.
    """

    def __init__(
        self, spot_points: SpotPoints, volumes: Volumes, snapshots: Snapshots = tuple
    ) -> None:
        self._spot_points = spot_points
        self._volumes = volumes
        self._snapshots = snapshots
        self._actions: Mapping[str, Callable[[_Form], ElementTree.Element]] = {
            "DescribeSpotPriceHistory": self._describe_spot_price_history,
            "DescribeVolumes": self._describe_volumes,
            "DescribeSnapshots": self._describe_snapshots,
            "DescribeCapacityReservations": self._describe_capacity_reservations,
        }
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.05,), name="ec2-service", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, form: _Form) -> ElementTree.Element:
        """The whole API: what one posted form gets.

        Raises:
            Ec2Error: the action is not one of ours, or its parameters make no sense.
        """
        action = form.get("Action", "")
        if action not in self._actions:
            raise Ec2Error(
                "UnknownAction", f"The action {action} is not valid for this web service."
            )
        return self._actions[action](form)

    def _describe_spot_price_history(self, form: _Form) -> ElementTree.Element:
        types, products = _listed(form, "InstanceType"), _listed(form, "ProductDescription")
        end = _time(form, "EndTime")
        points = [
            point
            for point in self._spot_points(types, _time(form, "StartTime"), end)
            if point.at <= end and (not products or _LINUX in products)
        ]
        points.sort(key=lambda point: (point.instance_type, point.zone))
        points.sort(key=lambda point: point.at, reverse=True)  # EC2 tells the newest first
        page, token = _page(points, form)
        answer = _response("DescribeSpotPriceHistory")
        held = ElementTree.SubElement(answer, "spotPriceHistorySet")
        for point in page:
            _add_item(
                held,
                instanceType=point.instance_type,
                productDescription=_LINUX,
                spotPrice=f"{point.usd.amount:.6f}",
                timestamp=_timestamp(point.at),
                availabilityZone=point.zone,
            )
        ElementTree.SubElement(answer, "nextToken").text = token
        return answer

    def _describe_volumes(self, form: _Form) -> ElementTree.Element:
        known, ids = self._volumes(), _listed(form, "VolumeId")
        if missing := [name for name in ids if name not in known]:
            raise Ec2Error("InvalidVolume.NotFound", f"The volume '{missing[0]}' does not exist.")
        filtered = _filters(form).get("volume-id", known)
        wanted = [name for name in ids or known if name in known and name in filtered]
        page, token = _page([known[name] for name in sorted(wanted)], form)
        answer = _response("DescribeVolumes")
        held = ElementTree.SubElement(answer, "volumeSet")
        for spec in page:
            _add_volume(held, spec)
        if token:
            ElementTree.SubElement(answer, "nextToken").text = token
        return answer

    def _describe_snapshots(self, form: _Form) -> ElementTree.Element:
        filters = _filters(form)
        found = [
            each
            for each in self._snapshots()
            if each.volume_id in filters.get("volume-id", [each.volume_id])
            and _COMPLETED in filters.get("status", [_COMPLETED])
        ]
        page, token = _page(sorted(found, key=lambda each: each.snapshot_id), form)
        answer = _response("DescribeSnapshots")
        held = ElementTree.SubElement(answer, "snapshotSet")
        for snapshot in page:
            _add_snapshot(held, snapshot)
        if token:
            ElementTree.SubElement(answer, "nextToken").text = token
        return answer

    def _describe_capacity_reservations(self, _: _Form) -> ElementTree.Element:
        answer = _response("DescribeCapacityReservations")
        ElementTree.SubElement(answer, "capacityReservationSet")
        return answer


def _add_volume(held: ElementTree.Element, spec: VolumeSpec) -> None:
    item = _add_item(
        held,
        volumeId=spec.volume_id,
        size=str(spec.size_gib),
        volumeType=spec.volume_type,
        status="in-use" if spec.attached else "available",
    )
    if spec.iops is not None:
        ElementTree.SubElement(item, "iops").text = str(spec.iops)
    if spec.throughput_mibps is not None:
        ElementTree.SubElement(item, "throughput").text = str(spec.throughput_mibps)
    attachments = ElementTree.SubElement(item, "attachmentSet")
    if spec.attached:
        _add_item(attachments, volumeId=spec.volume_id, status="attached")


def _add_snapshot(held: ElementTree.Element, snapshot: EbsSnapshot) -> None:
    item = _add_item(
        held,
        snapshotId=snapshot.snapshot_id,
        volumeId=snapshot.volume_id,
        status=_COMPLETED,
        storageTier="archive" if snapshot.archived else "standard",
    )
    if snapshot.full_bytes is not None:
        ElementTree.SubElement(item, "fullSnapshotSizeInBytes").text = str(snapshot.full_bytes)


def _response(action: str) -> ElementTree.Element:
    answer = ElementTree.Element(f"{action}Response", xmlns=_NAMESPACE)
    ElementTree.SubElement(answer, "requestId").text = _REQUEST_ID
    return answer


def _add_item(parent: ElementTree.Element, **texts: str) -> ElementTree.Element:
    item = ElementTree.SubElement(parent, "item")
    for name, text in texts.items():
        ElementTree.SubElement(item, name).text = text
    return item


def _listed(form: _Form, name: str) -> list[str]:
    """`InstanceType.1`, `InstanceType.2` ..."""
    return [value for key, value in form.items() if key.rpartition(".")[0] == name]


def _filters(form: _Form) -> dict[str, list[str]]:
    """`Filter.1.Name` with `Filter.1.Value.1` ..."""
    return {
        value: _listed(form, f"{key.removesuffix('.Name')}.Value")
        for key, value in form.items()
        if key.startswith("Filter.") and key.endswith(".Name")
    }


def _page(found: Sequence[_T], form: _Form) -> tuple[Sequence[_T], str]:
    """One page, and the token of the next one; "" after the last."""
    try:
        limit = min(int(form.get("MaxResults", _LARGEST_PAGE)), _LARGEST_PAGE)
        start = (
            int(base64.b64decode(form["NextToken"], validate=True)) if "NextToken" in form else 0
        )
    except (ValueError, binascii.Error):
        raise Ec2Error("InvalidParameterValue", "Unable to parse pagination token") from None
    if limit < 1 or start < 0:
        raise Ec2Error("InvalidParameterValue", "MaxResults or NextToken is out of range")
    end = start + limit
    token = base64.b64encode(str(end).encode()).decode() if end < len(found) else ""
    return found[start:end], token


def _time(form: _Form, name: str) -> datetime:
    try:
        at = datetime.fromisoformat(form[name])
    except (KeyError, ValueError):
        # EC2 would take the last 90 days, up to now; here nobody knows when now is
        raise Ec2Error("InvalidParameterValue", f"{name} must be given, as ISO 8601") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _timestamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def _refusal(error: Ec2Error) -> ElementTree.Element:
    answer = ElementTree.Element("Response")
    told = ElementTree.SubElement(ElementTree.SubElement(answer, "Errors"), "Error")
    ElementTree.SubElement(told, "Code").text = error.code
    ElementTree.SubElement(told, "Message").text = str(error)
    ElementTree.SubElement(answer, "RequestID").text = _REQUEST_ID
    return answer


def _handler(service: Ec2Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # headers and body leave together

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                answer = service.answer(dict(parse_qsl(body.decode("utf-8", "replace"))))
            except Ec2Error as error:
                self._send(HTTPStatus.BAD_REQUEST, _refusal(error))
            else:
                self._send(HTTPStatus.OK, answer)

        def _send(self, status: HTTPStatus, answer: ElementTree.Element) -> None:
            body = ElementTree.tostring(answer, encoding="utf-8", xml_declaration=True)
            self.send_response(status)
            self.send_header("Content-Type", "text/xml;charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet: a test or the demo has its own output."""

    return Handler
