import pytest

from moviegenre.core.errors import ConfigError
from moviegenre.core.extras import is_installed
from moviegenre.core.ray_cluster import ray_cluster

pytestmark = pytest.mark.skipif(not is_installed("ray"), reason="Ray is missing")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1:1", "Connection refused"),
        ("auto", "it is not HOST:PORT"),
        ("ray://127.0.0.1:10001", "it is not HOST:PORT"),
    ],
)
def test_an_address_without_a_cluster_fails_at_once(address: str, reason: str) -> None:
    with pytest.raises(ConfigError) as refused, ray_cluster(address):
        pass
    message = str(refused.value)
    assert message.startswith(f"no Ray cluster answers at {address}: ")
    assert reason in message
    assert "expected HOST:PORT of a running one" in message
