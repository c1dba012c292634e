"""The cluster files: Ray takes them, their commands exist, nobody without the token gets in, and no trial on the head.

The Kubernetes file is held against the fields of KubeRay's RayJob (v1) that it uses, written down here: the operator's
own schema comes with no Python package. A cluster itself is launched by no test.
"""

import copy
import re
import shlex
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
import typer
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config
from ray.scripts.scripts import start

from raystudy.cli.verbs import app

ROOT = Path(__file__).parents[1]
CLUSTERS = [ROOT / "cluster.yaml", *sorted((ROOT / "docs" / "clusters").glob("*.yaml"))]
KUBERAY = ROOT / "docs" / "kuberay.yaml"
COMMANDS = ("initialization", "setup", "head_setup", "worker_setup", "head_start_ray", "worker_start_ray")


MISUSE: type[Exception] = typer.BadParameter.__bases__[0]
"""A mistake on the command line, as typer's own click calls it."""


def strict(required: str, **fields: Any) -> dict[str, Any]:
    """Return the schema of an object that has these fields, and no other."""
    return {"type": "object", "properties": fields, "required": required.split(), "additionalProperties": False}


TEXT, NUMBER, SWITCH = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
TEXTS = {"type": "object", "additionalProperties": TEXT}
QUANTITIES = {"type": "object", "additionalProperties": {"type": "string", "pattern": r"^\d+(\.\d+)?(m|[KMGT]i)?$"}}
CONTAINER = strict(
    "name image resources",
    name=TEXT,
    image=TEXT,
    resources=strict("requests limits", requests=QUANTITIES, limits=QUANTITIES),
    env={"type": "array", "items": strict("name value", name=TEXT, value=TEXT)},
    securityContext=strict("", runAsUser=NUMBER),
    volumeMounts={"type": "array", "items": strict("name mountPath", name=TEXT, mountPath=TEXT, readOnly=SWITCH)},
)
VOLUME = strict(
    "name",
    name=TEXT,
    hostPath=strict("path", path=TEXT, type={"enum": ["", "Directory", "DirectoryOrCreate"]}),
    persistentVolumeClaim=strict("claimName", claimName=TEXT),
)
APART = strict("labelSelector topologyKey", labelSelector=strict("matchLabels", matchLabels=TEXTS), topologyKey=TEXT)
AFFINITY = strict(
    "podAntiAffinity",
    podAntiAffinity=strict(
        "requiredDuringSchedulingIgnoredDuringExecution",
        requiredDuringSchedulingIgnoredDuringExecution={"type": "array", "items": APART, "minItems": 1},
    ),
)
POD = strict(
    "containers",
    affinity=AFFINITY,
    containers={"type": "array", "items": CONTAINER, "minItems": 1},
    volumes={"type": "array", "items": VOLUME},
)
TEMPLATE = strict("spec", metadata=strict("", labels=TEXTS), spec=POD)
WORKERS = strict(
    "groupName rayStartParams template",
    groupName=TEXT,
    replicas=NUMBER,
    minReplicas=NUMBER,
    maxReplicas=NUMBER,
    rayStartParams=TEXTS,
    template=TEMPLATE,
)
RAY_CLUSTER = strict(
    "rayVersion authOptions headGroupSpec workerGroupSpecs",
    rayVersion=TEXT,
    authOptions=strict("mode", mode={"enum": ["token", "disabled"]}),
    enableInTreeAutoscaling=SWITCH,
    autoscalerOptions=strict("", idleTimeoutSeconds=NUMBER),
    headGroupSpec=strict("rayStartParams template", rayStartParams=TEXTS, template=TEMPLATE),
    workerGroupSpecs={"type": "array", "items": WORKERS, "minItems": 1},
)
RAY_JOB = strict(
    "apiVersion kind metadata spec",
    apiVersion={"const": "ray.io/v1"},
    kind={"const": "RayJob"},
    metadata=strict("name", name=TEXT),
    spec=strict(
        "entrypoint rayClusterSpec",
        entrypoint=TEXT,
        metadata=TEXTS,
        shutdownAfterJobFinishes=SWITCH,
        ttlSecondsAfterFinished=NUMBER,
        rayClusterSpec=RAY_CLUSTER,
    ),
)


def mistakes(text: str) -> list[str]:
    """Return what is wrong with a cluster file."""
    config: dict[str, Any] = yaml.safe_load(text)
    starts = [words(line) for line in lines(config) if "ray start" in line]
    wrong = [refused(config)] + ["something listens to everybody"] * ("0.0.0.0" in text)
    wrong += [f"{each} is no option of ray start" for line in starts for each in unknown_options(line)]
    wrong += [f"`raystudy {each}` cannot be parsed" for each in told(text) if not parses(each)]
    wrong += ["a `ray start` asks for no token" for line in starts if line[0] != "RAY_AUTH_MODE=token"]
    if "--dashboard-host=127.0.0.1" not in words(config["head_start_ray_commands"][-1]):
        wrong.append("the dashboard of the head is open")
    if "~/.ray/auth_token" not in config["file_mounts"]:
        wrong.append("the nodes have no token")
    if not any("constraints.txt" in line for line in config["setup_commands"]):
        wrong.append("versions are not pinned")
    return [each for each in wrong + placed(config) if each]


def placed(config: dict[str, Any]) -> list[str]:
    """Return what is wrong with what the head and the workers offer."""
    if config["provider"]["type"] == "local":
        head, worker = (words(config[f"{role}_start_ray_commands"][-1]) for role in ("head", "worker"))
        idle, metered = {"--num-cpus=0", "--num-gpus=0"} <= set(head), '--resources={"raystudy_power":1}' in worker
    else:
        types = config["available_node_types"]
        offers = {name: each["resources"] for name, each in types.items()}
        head_offer = offers.pop(config["head_node_type"])
        idle, metered = head_offer == {"CPU": 0}, all(each["raystudy_power"] == 1 for each in offers.values())
    return ["" if idle else "trials may run on the head", "" if metered else "workers offer no raystudy_power"]


def refused(config: dict[str, Any]) -> str:
    """Return why Ray does not take a cluster file, empty where it does."""
    try:
        validate_config(prepare_config(copy.deepcopy(config)))
    except (ValueError, click.ClickException, jsonschema.ValidationError) as error:
        return f"Ray says: {str(error).splitlines()[0]}"
    return ""


def lines(config: dict[str, Any]) -> list[str]:
    """Return all commands of a cluster file."""
    return [line for name in COMMANDS for line in config.get(f"{name}_commands", [])]


def words(line: str) -> list[str]:
    """Return the words of a shell's line."""
    return shlex.split(line)


def unknown_options(line: list[str]) -> list[str]:
    """Return the options of a `ray start` that it does not know."""
    known = {option for parameter in start.params for option in parameter.opts}
    return [word for word in line if word.startswith("--") and word.partition("=")[0] not in known]


def told(text: str) -> list[str]:
    """Return the commands of raystudy in a file: what is run, and what a comment tells to type."""
    return [a or b for a, b in re.findall(r"^ *entrypoint: raystudy (.*)$|`raystudy ([^`]*)`", text, re.MULTILINE)]


def parses(line: str) -> bool:
    """Whether a command of raystudy is understood; nothing is run."""
    verb, *rest = words(line)
    command: Any = typer.main.get_command(app)
    try:
        command.commands[verb].make_context(verb, rest)
    except (KeyError, MISUSE):
        return False
    return True


def job_mistakes(text: str) -> list[str]:
    """Return what is wrong with the file of the Kubernetes job."""
    job: dict[str, Any] = yaml.safe_load(text)
    wrong = [error.message for error in jsonschema.Draft7Validator(RAY_JOB).iter_errors(job)]
    if wrong:
        return wrong
    cluster = job["spec"]["rayClusterSpec"]
    (group,) = cluster["workerGroupSpecs"]
    pod, params = group["template"]["spec"], group["rayStartParams"]
    apart = pod.get("affinity", {}).get("podAntiAffinity", {})
    labels = [each["labelSelector"]["matchLabels"] for rules in apart.values() for each in rules]
    known = {option.removeprefix("--") for parameter in start.params for option in parameter.opts}
    asked = {"token": cluster["authOptions"]["mode"] == "token", "a real command": all(map(parses, told(text)))}
    asked["an idle head"] = cluster["headGroupSpec"]["rayStartParams"].get("num-cpus") == "0"
    asked["options of ray start"] = {*params, *cluster["headGroupSpec"]["rayStartParams"]} <= known
    asked["raystudy_power"] = yaml.safe_load(yaml.safe_load(params.get("resources", '""'))) == {"raystudy_power": 1}
    asked["found from afar"] = {"study", "archive"} <= job["spec"]["metadata"].keys()
    asked["one pod a node"] = labels == [group["template"]["metadata"]["labels"]]
    asked["volumes"] = {m["name"] for c in pod["containers"] for m in c["volumeMounts"]} == {
        volume["name"] for volume in pod["volumes"]
    }
    asked["nothing open"] = "0.0.0.0" not in text
    return [name for name, is_so in asked.items() if not is_so]


@pytest.mark.parametrize("file", CLUSTERS, ids=lambda file: file.stem)
def test_a_cluster_file_is_right(file: Path) -> None:
    """Ray's schema takes it; its options and commands exist; a token guards it; trials run where meters are."""
    assert [] == mistakes(file.read_text(encoding="utf-8"))


BROKEN = {
    "misspelt key": ("idle_timeout_minutes", "idle_timeout"),
    "no head": ("head_ip: HEAD", "head: HEAD"),
    "no such option": ("--port=6379", "--gcs-port=6379"),
    "open dashboard": ("--dashboard-host=127.0.0.1", "--dashboard-host=0.0.0.0"),
    "no token on a worker": ("RAY_AUTH_MODE=token ~/raystudy/.venv/bin/ray start --address", "ray start --address"),
    "no file of the token": ("  ~/.ray/auth_token: ~/.ray/auth_token\n", ""),
    "trials on the head": ("--num-cpus=0 ", ""),
    "no meters": ("""--resources='{"raystudy_power":1}' """, ""),
    "versions not pinned": ("--constraint constraints.txt", ""),
    "no such verb": ("`raystudy meters`", "`raystudy meter`"),
}


@pytest.mark.parametrize(("old", "new"), BROKEN.values(), ids=BROKEN)
def test_a_broken_cluster_file_is_noticed(old: str, new: str) -> None:
    """Each of the rules above can fail."""
    text = (ROOT / "cluster.yaml").read_text(encoding="utf-8")

    assert old in text
    assert [] != mistakes(text.replace(old, new))


def test_the_kubernetes_job_is_right() -> None:
    """Its fields are KubeRay's; one pod a machine; no trial on the head; a token; its command parses."""
    assert [] == job_mistakes(KUBERAY.read_text(encoding="utf-8"))


BROKEN_JOBS = {
    "misspelt field": ("rayStartParams: {num-cpus", "rayStartParameters: {num-cpus"),
    "misspelt level": ("authOptions: {mode: token}", "authOptions: {mode: tokens}"),
    "open": ("authOptions: {mode: token}", "authOptions: {mode: disabled}"),
    "two pods a machine": ("matchLabels: {app: raystudy-worker}", "matchLabels: {app: raystudy}"),
    "no such option": ("--address auto", "--addres auto"),
    "trials on the head": ('num-cpus: "0"', 'num-cpus: "2"'),
    "no such volume": ("name: powercap, mountPath", "name: power, mountPath"),
    "a number for a text": ('num-gpus: "0"', "num-gpus: 0"),
}


@pytest.mark.parametrize(("old", "new"), BROKEN_JOBS.values(), ids=BROKEN_JOBS)
def test_a_broken_kubernetes_job_is_noticed(old: str, new: str) -> None:
    """Each of the rules above can fail."""
    text = KUBERAY.read_text(encoding="utf-8")

    assert old in text
    assert [] != job_mistakes(text.replace(old, new))
