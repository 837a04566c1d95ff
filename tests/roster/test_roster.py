"""roster.toml says which services there are, and complains where it does not say enough."""

import pytest

import roster
from roster import NAMES, SERVICES, named

TABLE = """
[{name}]
module = "services.{name}"
contracts = []
port = 1
metrics_port = 2
database = "{name}"
calls = [{calls}]
"""


def test_what_differs_from_others_has_a_default() -> None:
    [one] = roster.read(TABLE.format(name="one", calls=""))
    assert (one.schema, one.owner, one.audited, one.settings, one.ends_last) == ("public", "one", "public", (), False)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (TABLE.format(name="one", calls='"two"'), "one calls two, which is not in the roster"),
        (TABLE.format(name="one", calls="").replace("port = 1\n", ""), "one does not say its port"),
        (TABLE.format(name="one", calls="") + "prot = 1\n", "one has prot, which no service has"),
    ],
)
def test_a_service_that_is_not_described_as_it_has_to_be_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"roster.toml: {complaint}"):
        roster.read(text)


def test_services_do_not_get_in_each_others_way() -> None:
    ports = [port for service in SERVICES for port in (service.port, service.metrics_port)]
    assert len(set(ports)) == len(ports)
    schemas = [(service.database, service.schema) for service in SERVICES]
    assert len(set(schemas)) == len(schemas) == len({service.module for service in SERVICES})


@pytest.mark.parametrize("name", NAMES)
def test_a_service_is_where_its_module_says(name: str) -> None:
    service = named(name)
    assert (service.folder / "__main__.py").is_file()
    assert list(service.migrations.glob("0001_*.py"))
