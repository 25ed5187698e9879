"""One expression on two engines and more: the panel and the cells are those of the plain frames, to the last bit.

Spark is tried where somebody has installed it beside the project (`pyspark`, Java), in the nightly amounts.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from django.conf import settings as site

from evaluation import EvaluationError, effects_by_month, person_months
from evaluation.cell_effects import effects_from_cells
from evaluation.monthly_cells import cells_of
from evaluation.outcomes import OUTCOMES
from evaluation.warehouse import cell_sums, warehouse_cells, warehouse_panel
from tests.evaluation.trials import people, registers

pytestmark = pytest.mark.slow

MONTHS = (-6, 12)
UNTIL = {"employment": date(2016, 2, 29), "benefits": date(2016, 5, 10), "measures": date(2016, 4, 30)}


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(11)
    participants = people(rng, 150)
    return {"participants": participants} | registers(rng, participants)


def _tables(connection: ibis.BaseBackend, frames: dict[str, pd.DataFrame]) -> dict[str, ibis.Table]:
    """Each frame as a table of the engine."""
    found = {}
    for name, frame in frames.items():
        table = pa.Table.from_pandas(frame, preserve_index=False)
        if connection.name == "duckdb":
            connection.con.register(name, table)
            found[name] = connection.table(name)
        else:
            found[name] = connection.create_table(name, table, temp=True)
    return found


def _tables_of_spark(frames: dict[str, pd.DataFrame], folder: Path) -> dict[str, ibis.Table]:
    """Each frame as a Parquet file that a session of Spark on this machine reads."""
    spark = pytest.importorskip("pyspark.sql", reason="Spark is not installed beside the project")
    here = {"spark.ui.enabled": "false", "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
    session = spark.SparkSession.builder.master("local[2]").config(map=here).getOrCreate()
    for name, frame in frames.items():
        path = folder / f"{name}.parquet"
        frame.to_parquet(path, coerce_timestamps="us", allow_truncated_timestamps=True)
        session.read.parquet(str(path)).createOrReplaceTempView(name)
    connection = ibis.pyspark.connect(session)
    return {name: connection.table(name) for name in frames}


SPARK = pytest.param("pyspark", marks=[pytest.mark.nightly, pytest.mark.filterwarnings("default")])


@pytest.fixture(params=["duckdb", "postgres", SPARK])
def tables(request, frames, tmp_path) -> Iterator[dict[str, ibis.Table]]:
    if request.param == "duckdb":
        yield _tables(ibis.duckdb.connect(), frames)
        return
    if request.param == "pyspark":
        yield _tables_of_spark(frames, tmp_path)
        return
    own = site.DATABASES["default"]
    connection = ibis.postgres.connect(
        host=own["HOST"], port=int(own["PORT"]), user=own["USER"], password=own["PASSWORD"], database="postgres"
    )
    yield _tables(connection, frames)
    connection.disconnect()


@pytest.mark.parametrize("on", ["last_day", "any_day"])
@pytest.mark.parametrize(("data_to", "data_from"), [(None, None), (UNTIL, {"benefits": date(2014, 10, 2)})])
def test_the_panel_is_that_of_the_frames(tables, frames, on, data_to, data_from) -> None:
    options = {"months": MONTHS, "on": on, "data_to": data_to, "data_from": data_from}
    options |= {"exclude_in_measure": on == "any_day"}
    ours = warehouse_panel(tables, **options).order_by(["participant_number", "month"]).to_pyarrow().to_pandas()
    plain = person_months(**frames, **options).sort_values(["participant_number", "month"], ignore_index=True)
    assert set(OUTCOMES) <= set(ours.columns)
    for name in ("participant_number", "office", "arm", "month", *OUTCOMES):
        np.testing.assert_array_equal(ours[name].to_numpy(), plain[name].to_numpy(), err_msg=name)


def test_the_cells_are_the_same_integers_and_give_the_same_effects(tables, frames) -> None:
    panel = person_months(**frames, months=MONTHS)
    cells = warehouse_cells(warehouse_panel(tables, months=MONTHS), outcomes=OUTCOMES, months=MONTHS)
    plain = cells_of(panel, outcomes=OUTCOMES, months=MONTHS)
    np.testing.assert_array_equal(cells.n, plain.n)
    ours = effects_from_cells(cells)
    theirs = effects_by_month(panel, outcomes=OUTCOMES, months=MONTHS)
    for name in ("effect", "se"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_two_engines_give_the_same_bits(frames) -> None:
    cells = []
    own = site.DATABASES["default"]
    address = {"host": own["HOST"], "port": int(own["PORT"]), "user": own["USER"], "password": own["PASSWORD"]}
    for connection in (ibis.duckdb.connect(), ibis.postgres.connect(**address, database="postgres")):
        panel = warehouse_panel(_tables(connection, frames), months=MONTHS)
        cells.append(warehouse_cells(panel, outcomes=OUTCOMES, months=MONTHS))
        connection.disconnect()
    for name in ("n", "total", "square"):
        np.testing.assert_array_equal(getattr(cells[0], name), getattr(cells[1], name), err_msg=name)


@pytest.mark.parametrize("dialect", ["bigquery", "databricks", "snowflake", "trino"])
def test_the_expression_compiles_for_warehouses_that_are_not_here(frames, dialect: str) -> None:
    panel = warehouse_panel(_tables(ibis.duckdb.connect(), frames))
    assert "GROUP BY" in ibis.to_sql(cell_sums(panel, outcomes=["employed", "hours"]), dialect)


def test_what_is_missing_is_said(frames) -> None:
    given = _tables(ibis.duckdb.connect(), frames)
    for code, act in (
        ("missing_register", lambda: warehouse_panel({})),
        ("unknown_rule", lambda: warehouse_panel(given, on="noon")),
        ("unknown_outcome", lambda: warehouse_cells(warehouse_panel(given), outcomes=["happiness"])),
    ):
        with pytest.raises(EvaluationError) as caught:
            act()
        assert caught.value.code == code
