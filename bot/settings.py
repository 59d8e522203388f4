"""Settings: the environment and the TOML file, checked whole before anything starts.

Without ASSISTANT_CONFIG this is the demo: three accounts with generated secrets, the simulator and its fake platform.
"""

import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.accounts import Account, WecomKfAccount, fault_of
from bot.demo_accounts import demo_accounts
from bot.errors import ConfigurationFault
from bot.keys import KeyRing, load_keys

_MOST_WORKERS = 16
_MOST_SIDE_PROCESSES = 8
_HOURS = r"^(([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00))?$"


class Sms(BaseModel):
    """The SMS gateway: signed JSON as with an insurer's core system."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+")]
    key_id: Annotated[str, Field(min_length=1)]
    secret: Annotated[str, Field(min_length=16, repr=False)]
    ca_file: str | None = None


class Insurer(BaseModel):
    """An insurer's core system in which the policies of `products` are verified (docs/insurer-api.yaml)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1)]
    products: Annotated[tuple[str, ...], Field(min_length=1)]
    base_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+")]
    key_id: Annotated[str, Field(min_length=1)]
    secret: Annotated[str, Field(min_length=16, repr=False)]
    ca_file: str | None = None


class Service(BaseModel):
    """When people answer, in China's time ("09:00-18:00"; empty: not at all), and how soon."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: Annotated[str, Field(pattern=_HOURS)] = "09:00-18:00"
    hours_on_days_off: Annotated[str, Field(pattern=_HOURS)] = ""
    answer_within_minutes: Annotated[int, Field(ge=1, le=1440)] = 10


DEFAULT_SERVICE = Service()
# A newcomer tries the demo in the evening, too.
_DEMO_SERVICE = {"hours": "00:00-24:00", "hours_on_days_off": "00:00-24:00"}


class _Simulator(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = False


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    accounts: Annotated[tuple[Annotated[Account, Field(discriminator="channel")], ...], Field(min_length=1)]
    insurers: tuple[Insurer, ...] = ()
    public_url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] | None = None
    simulator: _Simulator = _Simulator()
    sms: Sms | None = None
    service: Service = Service()


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that differs between deployments. `web_workers` is 1 on SQLite, whatever was asked for."""

    host: str
    port: int
    database_url: str
    data_dir: Path
    accounts: tuple[Account, ...]
    keys: KeyRing
    is_demo: bool
    has_simulator: bool
    web_workers: int
    public_url: str  # under which people reach this service: links in messages begin with it
    side_processes: int = 0  # beside each serving process, to work out what messages mean
    insurers: tuple[Insurer, ...] = ()
    sms: Sms | None = None
    service: Service = DEFAULT_SERVICE

    @property
    def is_embedded(self) -> bool:
        """Whether one process does everything on SQLite."""
        return self.database_url.startswith("sqlite")

    def __repr__(self) -> str:
        # A database URL may hold a password, so nothing of it is shown.
        return f"Settings(port={self.port}, accounts={[account.id for account in self.accounts]})"


def data_dir(environment: Mapping[str, str]) -> Path:
    """Return the folder for keys, media, the SQLite file and what was learned."""
    return Path(environment.get("ASSISTANT_DATA_DIR") or "var").resolve()


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Read and check all settings; generate the keys that are not given. Raises ConfigurationFault."""
    directory = data_dir(environment)
    port = _whole_number(environment, "PORT", default=8000, least=1, most=65535)
    database_url = environment.get("DATABASE_URL") or f"sqlite:///{directory / 'assistant.db'}"
    is_embedded = database_url.startswith("sqlite")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = _file(environment, directory, port)
        return Settings(
            host=environment.get("ASSISTANT_HOST") or "127.0.0.1",
            port=port,
            database_url=database_url,
            data_dir=directory,
            accounts=file.accounts,
            keys=load_keys(environment, directory),
            is_demo=not environment.get("ASSISTANT_CONFIG"),
            has_simulator=file.simulator.enabled,
            web_workers=1
            if is_embedded
            else _whole_number(environment, "WEB_WORKERS", default=2, least=1, most=_MOST_WORKERS),
            side_processes=_whole_number(
                environment,
                "SIDE_PROCESSES",
                default=1 if is_embedded and _has_spare_processor() else 0,
                least=0,
                most=_MOST_SIDE_PROCESSES,
            ),
            public_url=(file.public_url or f"http://127.0.0.1:{port}").rstrip("/"),
            insurers=file.insurers,
            sms=file.sms,
            service=file.service,
        )
    except OSError as error:
        raise ConfigurationFault(
            f"ASSISTANT_DATA_DIR: {error.strerror or 'not usable'}; give a directory that this user may write"
        ) from error


def _has_spare_processor() -> bool:
    """Whether one serving process leaves a processor idle. Elsewhere than on Linux forks are not to be relied on."""
    return sys.platform == "linux" and len(os.sched_getaffinity(0)) > 1


def _file(environment: Mapping[str, str], data_dir: Path, port: int) -> _File:
    named = environment.get("ASSISTANT_CONFIG")
    if not named:
        demo = {"accounts": demo_accounts(data_dir, port), "simulator": {"enabled": True}, "service": _DEMO_SERVICE}
        return _File.model_validate(demo)
    path = Path(named)
    values = _from_environment(_toml(path), environment, path, "")
    try:
        file = _File.model_validate(values)
    except ValidationError as error:
        raise ConfigurationFault("; ".join(_faults(error, path))) from None
    _refuse_doubles(file.accounts, path)
    return file


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationFault(f"{path}: cannot be read ({error.strerror}); check ASSISTANT_CONFIG") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # The parser's message says where, and quotes no value.
        raise ConfigurationFault(f"{path}: not TOML in UTF-8 ({error}); mend the file") from None


def _from_environment(value: Any, environment: Mapping[str, str], path: Path, entry: str) -> Any:
    """Replace every "env:NAME" in the file by the variable NAME."""
    if isinstance(value, dict):
        return {
            name: _from_environment(inner, environment, path, f"{entry}.{name}".lstrip("."))
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_from_environment(inner, environment, path, f"{entry}[{number}]") for number, inner in enumerate(value)]
    if not isinstance(value, str) or not value.startswith("env:"):
        return value
    variable = value.removeprefix("env:")
    if not environment.get(variable):
        raise ConfigurationFault(f"{path}: {entry}: the variable {variable} is not set; set it or write the value here")
    return environment[variable]


def _refuse_doubles(accounts: tuple[Account, ...], path: Path) -> None:
    seen: set[str] = set()
    for account in accounts:
        if account.id in seen:
            raise ConfigurationFault(f"{path}: accounts: the id {account.id} is there twice; rename one")
        seen.add(account.id)
    numbers = [number for account in accounts if isinstance(account, WecomKfAccount) for number in account.open_kfids]
    for number in sorted({number for number in numbers if numbers.count(number) > 1}):
        raise ConfigurationFault(f"{path}: accounts: the open_kfid {number} is there twice; keep it in one account")


def _faults(error: ValidationError, path: Path) -> list[str]:
    # Only place and rule: pydantic's own text would quote the value, which may be a secret.
    return [f"{path}: {fault_of(fault)}" for fault in error.errors(include_input=False)]


def _whole_number(environment: Mapping[str, str], name: str, *, default: int, least: int, most: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise ConfigurationFault(f"{name}: must be a whole number from {least} to {most}; set it or leave it out")
    return int(text)
