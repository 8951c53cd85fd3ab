"""Runs on Ray: placed on nodes, followed to the driver, and none lost with its node."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from provbench.registry import UserError
from provbench.suites.driving.driver import Driver
from provbench.suites.driving.output import Output
from provbench.suites.executors import Job, ray_cluster
from provbench.suites.executors.base import Observer
from provbench.suites.executors.inline import Inline
from provbench.suites.executors.installation import LAYERS, installed, sources_digest
from provbench.suites.executors.ray_cluster import RayCluster
from provbench.suites.file.schema import load_suite
from provbench.suites.planning import spec as spec_module
from provbench.suites.planning.plan import Plan, make_plan
from provbench.suites.planning.spec import Place

from ..conftest import PLUGINS
from .conftest import PROBE, record_of, run_all, seen_by

ROOT = Path(__file__).parents[3]
OWN = installed()["sources"]
NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80 * 2**20}


def start_cluster(num_cpus: int = 1, **node: Any) -> Any:
    """A cluster of two nodes on this machine: that of the driver, with CPUs for `num_cpus` runs, and another."""
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    cluster = cluster_utils.Cluster(
        initialize_head=True, head_node_args={**NODE, "num_cpus": num_cpus, "include_dashboard": False}
    )
    cluster.add_node(**NODE, **node)
    cluster.wait_for_nodes()
    return cluster


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    cluster = start_cluster()
    yield cluster.address
    cluster.shutdown()


def outcomes(output: Output) -> dict[str, Any]:
    return {record.key: record.outcome for record in output.store.records()}


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"pip install 'provbench\[ray\]'"):
        RayCluster()


@pytest.mark.slow
def test_ray_is_started_here_and_ended_and_gives_the_same_records(
    plan_with: Callable[..., Plan], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    plan = plan_with("{name: cutmix, prob: 0.5}", seeds=3)
    inline, ray = Output(tmp_path / "inline"), Output(tmp_path / "ray")
    Driver(plan, inline, Inline(), Place(tmp_path / "data", inline.work)).run()
    capfd.readouterr()
    tally = Driver(plan, ray, RayCluster(), Place(tmp_path / "data", ray.work)).run()
    assert capfd.readouterr() == ("", ""), "the terminal is the driver's own"
    assert (tally.trained, tally.retried) == (3, 0)
    assert outcomes(inline) == outcomes(ray)
    assert not any(ray.work.iterdir())
    assert "raylet" not in [process.name() for process in psutil.Process().children(recursive=True)]


@pytest.mark.slow
def test_a_lost_node_costs_its_runs_an_attempt(plan_with: Callable[..., Plan], tmp_path: Path) -> None:
    plan = plan_with(seeds=8, epochs=40)
    output = Output(tmp_path / "out")
    cluster = start_cluster()

    class LoseNode(Observer):
        """Kills a node's processes as soon as each node trains a run."""

        def __init__(self) -> None:
            self.reporting: set[int] = set()
            self.trained: list[int] = []

        def reported(self, job: Job, epoch: int, epochs: int, value: float | None) -> None:
            self.reporting.add(job.spec.seed)
            if len(self.reporting) == 2 and len(cluster.worker_nodes) == 1:
                cluster.remove_node(*cluster.worker_nodes, allow_graceful=False)

        def finished(self, spec: spec_module.RunSpec, record: object, cached: bool) -> None:
            self.trained.append(spec.seed)

    observer = LoseNode()
    try:
        place = Place(tmp_path / "data", output.work)
        tally = Driver(plan, output, RayCluster(address=cluster.address), place, observer).run()
    finally:
        cluster.shutdown()
    assert len(cluster.worker_nodes) == 0
    assert tally.lost == {}
    assert tally.retried == 1
    assert sorted(observer.trained) == list(range(8)), "every run, and none twice"
    assert sorted(record.attempt for record in output.store.records()) == [1] * 7 + [2]


@pytest.mark.slow
def test_a_killed_worker_is_a_failure_of_the_machinery(
    address: str, plan_with: Callable[..., Plan], jobs_of: Callable[..., list[Job]], tmp_path: Path
) -> None:
    jobs = jobs_of(plan_with(f"{{name: fall, flag: {tmp_path / 'flag'}}}", seeds=2))
    with RayCluster(address=address, jobs=1) as cluster:
        lost, trained = run_all(cluster, jobs)
    assert lost.record is None
    assert not lost.user_error
    assert lost.error.startswith("Ray lost it (WorkerCrashedError): The worker died unexpectedly")
    assert record_of(trained).status == "done"


@pytest.mark.slow
def test_the_answer_to_a_report_prunes(
    address: str, plan_with: Callable[..., Plan], jobs_of: Callable[..., list[Job]]
) -> None:
    jobs = jobs_of(plan_with(seeds=2, epochs=4))
    told: dict[int, list[int]] = {0: [], 1: []}

    def stop(job: Job, epoch: int, epochs: int, value: float | None) -> bool:
        assert epochs == 4
        assert value is not None
        told[job.spec.seed].append(epoch)
        return job.spec.seed == 1 and epoch == 2

    with RayCluster(address=address) as cluster:
        assert cluster.slots == 2
        records = [record_of(finished) for finished in run_all(cluster, jobs, stop)]
    assert [(record.status, len(record.curve)) for record in records] == [("done", 4), ("pruned", 2)]
    assert told == {0: [1, 2, 3, 4], 1: [1, 2]}


@pytest.mark.slow
def test_plugin_files_travel(
    address: str,
    plan_with: Callable[..., Plan],
    jobs_of: Callable[..., list[Job]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "mine").mkdir()
    shutil.copy(PROBE, tmp_path / "mine" / "probe.py")
    (job,) = jobs_of(plan_with("look-around"))
    spec = job.spec.model_copy(update={"plugins": (*PLUGINS, "mine/probe.py")})
    monkeypatch.chdir(tmp_path)
    with RayCluster(address=address) as cluster:
        (finished,) = run_all(cluster, [Job(spec, job.place)])
    seen = seen_by(finished)
    assert seen["package"] == spec_module.__file__, "a node runs its own provbench"
    assert Path(seen["plugin"]) != tmp_path / "mine" / "probe.py"
    assert seen["threads"] == 1
    assert record_of(finished).key == job.spec.key, "where a plugin lies is no part of a run's identity"


@pytest.mark.slow
def test_a_node_with_another_provbench_is_refused(
    plan_with: Callable[..., Plan], jobs_of: Callable[..., list[Job]], tmp_path: Path
) -> None:
    for layer in LAYERS:
        shutil.copytree(ROOT / layer, tmp_path / "node" / "provbench" / layer)
    (tmp_path / "node" / "provbench" / "suites" / "executors" / "ray_node.py").write_text("raise SystemError\n")
    cluster = start_cluster(num_cpus=0, env_vars={"PYTHONPATH": str(tmp_path / "node")})
    try:
        with RayCluster(address=cluster.address) as executor:
            (finished,) = run_all(executor, jobs_of(plan_with()))
    finally:
        cluster.shutdown()
    assert finished.user_error
    assert finished.record is None
    digests = re.findall(r"sources ([0-9a-f]{12})", finished.error)
    assert digests == [sources_digest([tmp_path / "node" / "provbench" / layer for layer in LAYERS])[:12], OWN]
    assert finished.error.startswith(f"node {platform.node()} has provbench ")


@pytest.mark.slow
def test_another_provbench_beside_the_driver_is_refused_at_once(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "installed", lambda: {**installed(), "provbench": "0.0.1"})
    with (
        RayCluster(address=address) as cluster,
        pytest.raises(UserError, match=r"but the driver has provbench 0\.0\.1"),
    ):
        _ = cluster.slots


@pytest.mark.slow
def test_a_node_with_disks_of_its_own_makes_the_data_and_hands_the_weights_over(
    address: str, plan_with: Callable[..., Plan], tmp_path: Path
) -> None:
    plan, output = plan_with(), Output(tmp_path / "out")
    node_data, node_work = tmp_path / "node" / "data", tmp_path / "node" / "work"
    executor = RayCluster(address=address, data_root=node_data, work_root=node_work)
    place = Place(tmp_path / "data", output.work, keep="all")
    tally = Driver(plan, output, executor, place).run()
    (record,) = output.store.records()
    assert tally.trained == 1
    assert [path.name for path in sorted(output.weights(record.key).iterdir())] == [
        "epoch_1.safetensors",
        "epoch_2.safetensors",
    ]
    assert (node_data / "toy-mini").is_dir()
    assert [path.name for path in node_work.iterdir()] == [], "what was handed over is not kept"


@pytest.mark.slow
def test_missing_data_are_the_users(address: str, write_suite: Callable[..., Path], tmp_path: Path) -> None:
    text = "name: w\nseeds: [0]\ntasks: {waterbirds: {variant: full}}\nmethods: {baseline: {}}\n"
    plan = make_plan(load_suite(str(write_suite(text))))
    (spec,) = plan.final_specs(plan.cells[0], "unknown")
    with RayCluster(address=address) as cluster:
        (finished,) = run_all(cluster, [Job(spec, Place(tmp_path / "data", tmp_path / "work"))])
    assert finished.user_error
    assert finished.error.startswith("node ")
    assert str(tmp_path / "data" / "waterbirds") in finished.error


@pytest.mark.slow
def test_a_request_that_no_node_meets_is_said_at_once(address: str) -> None:
    message = r"no node of the cluster has what a run asks for \(CPU 1, GPU 4\)"
    with RayCluster(address=address, gpus=4) as cluster, pytest.raises(UserError, match=message):
        _ = cluster.slots


@pytest.mark.parametrize("address", ["127.0.0.1:9", "ray://127.0.0.1:9", "127.0.0.1:ray"])
def test_a_cluster_that_is_not_there_is_said_at_once(address: str) -> None:
    with (
        RayCluster(address=address) as cluster,
        pytest.raises(UserError, match=f"nobody answers at address: {address}"),
    ):
        _ = cluster.slots
