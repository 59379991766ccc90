"""What an upgrade takes from the cluster: the password it made before, the API server's addresses."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network

import helm_python
import pytest
import yaml

from tests.chart.rendering import NAMESPACE, chart, of_kind

PASSWORD = base64.b64encode(b"made at installation").decode()
RESOURCES = {
    "/api/v1": {"secrets": "Secret", "services": "Service"},
    "/apis/discovery.k8s.io/v1": {"endpointslices": "EndpointSlice"},
}
ANSWERS = {
    "/version": {"major": "1", "minor": "33", "gitVersion": "v1.33.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {
        "kind": "APIGroupList",
        "groups": [
            {
                "name": "discovery.k8s.io",
                "versions": [{"groupVersion": "discovery.k8s.io/v1", "version": "v1"}],
                "preferredVersion": {"groupVersion": "discovery.k8s.io/v1", "version": "v1"},
            }
        ],
    },
    **{
        path: {
            "kind": "APIResourceList",
            "groupVersion": path.removeprefix("/apis/").removeprefix("/api/"),
            "resources": [
                {"name": name, "kind": kind, "singularName": "", "namespaced": True, "verbs": ["get"]}
                for name, kind in resources.items()
            ],
        }
        for path, resources in RESOURCES.items()
    },
    f"/api/v1/namespaces/{NAMESPACE}/secrets/codekiln-postgresql": {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "codekiln-postgresql", "namespace": NAMESPACE},
        "data": {"password": PASSWORD},
    },
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes": {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "kubernetes", "namespace": "default"},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["192.0.2.1"]}, {"addresses": ["192.0.2.2"]}, {"addresses": ["198.51.100.7"]}],
        "ports": [{"port": 6443}],
    },
    "/api/v1/namespaces/default/services/kubernetes": {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default"},
        "spec": {"clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1", "fd00:10:96::1"]},
    },
}


class Api(BaseHTTPRequestHandler):
    """As much of an API server as `lookup` asks for."""

    def do_GET(self):
        answer = ANSWERS.get(self.path.partition("?")[0])
        body = json.dumps(answer or {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404}).encode()
        self.send_response(200 if answer else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def render():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": address}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": ""}}],
        "current-context": "c",
    }

    def rendered(values):
        with helm_python.Config(kubeconfig_content=yaml.safe_dump(kubeconfig), namespace=NAMESPACE) as config:
            texts = config.render(chart(), values, name="codekiln", namespace=NAMESPACE, is_upgrade=True)
        manifests = [text for path, text in texts.items() if not path.endswith("NOTES.txt")]
        return [each for text in manifests for each in yaml.safe_load_all(text) if each]

    yield rendered
    server.shutdown()
    server.server_close()


def kubernetes_api(objects):
    policy = next(
        each for each in of_kind(objects, "NetworkPolicy") if each["metadata"]["name"] == "codekiln-runs-code"
    )
    rules = [rule for rule in policy["spec"]["egress"] if {"protocol": "TCP", "port": 6443} in rule["ports"]]
    return [peer["ipBlock"]["cidr"] for rule in rules for peer in rule["to"]]


def test_an_upgrade_keeps_the_password_of_the_database(render):
    assert of_kind(render({}), "Secret")[0]["data"] == {"password": PASSWORD}


def test_steps_that_run_code_reach_the_networks_of_this_api_server_only(render):
    networks = ["10.96.0.0/24", "fd00:10:96::/64", "192.0.2.0/24", "198.51.100.0/24"]
    assert kubernetes_api(render({})) == networks
    assert kubernetes_api(render({"networkPolicy": {"kubernetesApi": {"cidrs": ["10.0.0.1/32"]}}})) == ["10.0.0.1/32"]


@pytest.mark.parametrize(
    "address",
    ["fd00::1", "2001:db8:1:2:3:4:5:6", "2001:db8::5:6:7:8", "2001:db8:1:2:3::", "2001:0:0:5::9", "34.118.224.1"],
)
def test_a_network_is_that_of_its_address(render, monkeypatch, address):
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kubernetes"}}
    there = {**service, "spec": {"clusterIPs": [address]}}
    monkeypatch.setitem(ANSWERS, "/api/v1/namespaces/default/services/kubernetes", there)
    monkeypatch.setitem(ANSWERS, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes", None)
    bits = 64 if ":" in address else 24
    assert kubernetes_api(render({})) == [str(ip_network(f"{address}/{bits}", strict=False))]
