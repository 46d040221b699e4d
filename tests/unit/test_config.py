"""bursar.yaml: what is wrong is named with its line and field, and nothing is taken silently."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bursar.config import Config, load_bundled
from bursar.config.bursar_yaml import BursarYaml, bundled
from bursar.config_file import ConfigError, read_config


def enforced(scopes: list[str], *, is_enforced: bool = True) -> str:
    told = yaml.safe_load(RIGHT)
    budget = {"limit": "1", "owner": "search", "enforced": is_enforced}
    told["budgets"] = [{"id": f"b{n}", "scope": each} | budget for n, each in enumerate(scopes)]
    told["attribution"] = {"teams": {"t1": "find"}}
    return yaml.safe_dump(told)


def test_more_enforced_budgets_than_a_posting_takes_cannot_cover_one_record(
    tmp_path: Path,
) -> None:
    """A record of tenant t1 is of team find, and of one model."""
    of_t1 = ["tenant=t1"] * 30 + ["team=find"] * 30 + ["model=m"] * 30
    others = [f"tenant=u{n}" for n in range(100)] + ["team=other,model=m"] * 30
    written(tmp_path, enforced(of_t1 + others))
    written(tmp_path, enforced([*of_t1, "category=external_api"], is_enforced=False))
    [told] = problems(tmp_path, enforced([*of_t1, *others, "category=external_api"]))
    assert told == (
        ":5: budgets: 91 enforced budgets can cover one record; at most 90 fit into the"
        " transaction of 100 items that posts it"
    )


ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "bursar.example.yaml"
RIGHT = """\
version: 1
organisation: acme
account: "111122223333"
region: eu-west-1
clusters:
  - name: prod
    region: eu-west-1
    endpoint: https://prod.example.com
budgets:
  - id: search
    scope: cluster=prod,namespace=search
    limit: "100.50"
    time_zone: Europe/Berlin
    owner: search
owners:
  search:
    emails: [manager@example.com]
notifications:
  catch_all: [finops@example.com]
"""


def problems(folder: Path, text: str | bytes) -> list[str]:
    path = folder / "bursar.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as refused:
        read_config(path)
    return [problem.removeprefix(f"{path}") for problem in refused.value.problems]


def written(folder: Path, text: str) -> Config:
    path = folder / "bursar.yaml"
    path.write_text(text)
    return read_config(path)


def test_the_right_one_is_read(tmp_path: Path) -> None:
    assert written(tmp_path, RIGHT).budgets[0].limit.plain() == "100.5"


def test_what_is_bundled_says_in_every_section_what_was_validated(tmp_path: Path) -> None:
    path = tmp_path / "bursar.json"
    for config in (read_config(EXAMPLE), written(tmp_path, RIGHT)):
        path.write_bytes(bundled(config))
        read = load_bundled(path)
        for section in BursarYaml.model_fields:
            if section != "version":
                assert getattr(read, section) == getattr(config, section), section


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("  - name: prod", "\t- name: prod", ":6: found character '\\t'"),
        ("version: 1", "version: 2", ":1: version: Input should be 1"),
        ("version: 1", "version: 1\nspend: {providers: {openai_secret: 'a b'}}", ":2: spend."),
        ("version: 1", "version: 1\nkpis: {targets: {speed: {}}}", ":2: kpis.targets"),
        (
            "version: 1",
            "version: 1\nkpis: {months: {2026-13: {active_users: 1}}}",
            ":2: kpis.months",
        ),
        ("    owner: search", "    owner: nobody", ":14: budgets[0].owner: budget 'search' names"),
        ('    limit: "100.50"', "    limit: -5", ":12: budgets[0].limit: limit must be above 0"),
        ('    limit: "100.50"', '    limit: "0"', ":12: budgets[0].limit: limit must be above 0"),
        ('    limit: "100.50"', "    limit: 0.1", ":12: budgets[0].limit: an amount is a string"),
        ('    limit: "100.50"', "    limit: .inf", ":12: budgets[0].limit: an amount is a string"),
        ('    limit: "100.50"', "    limit: true", ":12: budgets[0].limit: an amount is a string"),
        ('    limit: "100.50"', '    limit: "1,000"', ":12: budgets[0].limit: '1,000' is not"),
        ('    limit: "100.50"', '    limit: "nan"', ":12: budgets[0].limit: "),
        ("Europe/Berlin", "Berlin", ":13: budgets[0].time_zone: 'Berlin' is not a time zone"),
        ("cluster=prod,namespace=search", "pod=x", ":11: budgets[0].scope: 'pod=x' is not"),
        (
            "cluster=prod,",
            "cluster=other,",
            ":11: budgets[0].scope: budget 'search' names cluster",
        ),
        ("https://prod", "http://prod", ":8: clusters[0].endpoint: must be https"),
        ("region: eu-west-1\nclusters", "region: Ireland\nclusters", ":4: region: String should"),
        ('account: "111122223333"', "account: 111122223333", ":3: account: Input should be a val"),
        ("finops@example.com", "finops", ":19: notifications.catch_all[0]: String should match"),
        ("    owner: search", "    owners: search", ":14: budgets[0].owners: Extra inputs"),
        ("version: 1", "versoin: 1", ":1: versoin: Extra inputs are not permitted"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_field(
    tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    assert right in RIGHT
    text = RIGHT.replace(right, wrong, 1)
    found = problems(tmp_path, text)
    assert any(each.startswith(said) for each in found), found


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ('{from: 22:00, to: "07:00"}', ":20: notifications.quiet_hours.from: Input should be a"),
        ('{from: "9:00", to: "17:00"}', ":20: notifications.quiet_hours.from: String should ma"),
        ('{from: "24:00", to: "07:00"}', ":20: notifications.quiet_hours.from: String should ma"),
        ('{from: "07:00", to: "07:00"}', ":20: notifications.quiet_hours: from and to are the"),
        ('{to: "07:00"}', ":20: notifications.quiet_hours.from: Field required"),
        (
            '{from: "22:00", to: "07:00", time_zone: CET/Berlin}',
            ":20: notifications.quiet_hours.time_zone: 'CET/Berlin' is not a time zone",
        ),
    ],
)
def test_quiet_hours_that_make_no_sense_are_named(tmp_path: Path, hours: str, said: str) -> None:
    found = problems(tmp_path, f"{RIGHT}  quiet_hours: {hours}\n")
    assert any(each.startswith(said) for each in found), found


ROLE = "arn:aws:iam::444455556666:role/teams/bursar-reader"
NETWORK = """\
    network:
      vpc_id: vpc-1
      availability_zones: [eu-west-1a]
      subnet_ids: [subnet-1]
      route_table_ids: [rtb-1]
      security_group_ids: [sg-1]
"""


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            '    account: "444455556666"\n',
            [":7: clusters[0].account: cluster 'prod' is in account 444455556666: name the "
             "role_arn to assume there"],
        ),
        (
            f"    role_arn: {ROLE}\n",
            [":7: clusters[0].role_arn: cluster 'prod' is in account 111122223333, and its "
             "role_arn in 444455556666"],
        ),
        (
            f"    role_arn: {ROLE.replace('444455556666', '111122223333')}\n{NETWORK}",
            [":7: clusters[0].role_arn: cluster 'prod': from its private network STS cannot be "
             "asked for a role_arn"],
        ),
        (
            f'    account: "444455556666"\n{NETWORK}',
            [":8: clusters[0].network: cluster 'prod' is private and in another account or "
             "region"],
        ),
        (
            "    role_arn: arn:aws:iam::444455556666:user/x\n",
            [":7: clusters[0].role_arn: String should match pattern"],
        ),
    ],
)  # fmt: skip
def test_a_cluster_of_another_account_needs_a_role_that_can_be_assumed(
    tmp_path: Path, lines: str, said: list[str]
) -> None:
    found = problems(tmp_path, RIGHT.replace("  - name: prod\n", f"  - name: prod\n{lines}", 1))
    assert [each[: len(told)] for each, told in zip(found, said, strict=True)] == said


def test_the_roles_of_other_accounts_are_known_once(tmp_path: Path) -> None:
    abroad = f'account: "444455556666"\n    role_arn: {ROLE}\n'
    path = tmp_path / "bursar.yaml"
    path.write_text(RIGHT.replace("  - name: prod\n", f"  - name: prod\n    {abroad}", 1))
    config = read_config(path)
    assert config.role_arns == (ROLE,)
    assert config.account_of(config.cluster("prod")) == "444455556666"


def test_an_eks_endpoint_without_its_certificate_authority_could_never_be_read(
    tmp_path: Path,
) -> None:
    eks = RIGHT.replace("prod.example.com", "A1.gr7.eu-west-1.eks.amazonaws.com")
    [said] = problems(tmp_path, eks)
    assert "certificate_authority" in said
    assert said.startswith(":6: clusters[0]")


def test_a_section_that_is_missing_is_named(tmp_path: Path) -> None:
    text = RIGHT[: RIGHT.index("notifications:")]
    assert problems(tmp_path, text) == [":1: notifications: Field required"]


def test_a_budget_that_stands_twice_is_named_where_it_stands_again(tmp_path: Path) -> None:
    first = RIGHT[RIGHT.index("  - id: search") : RIGHT.index("owners:")]
    text = RIGHT.replace("owners:\n", f"{first}owners:\n", 1)
    assert problems(tmp_path, text) == [":15: budgets[1].id: budget 'search' stands twice"]


@pytest.mark.parametrize(
    ("line", "again", "said"),
    [
        ("version: 1\n", "version: 1\n", ":2: version: stands twice, first in line 1"),
        (
            '    limit: "100.50"\n',
            '    limit: "9"\n',
            ":13: budgets[0].limit: stands twice, first in line 12",
        ),
        (
            "    emails: [manager@example.com]\n",
            "  search:\n    emails: []\n",
            ":18: owners.search: stands twice, first in line 16",
        ),
    ],
)
def test_a_key_that_stands_twice_is_refused_although_yaml_takes_the_last(
    tmp_path: Path, line: str, again: str, said: str
) -> None:
    found = problems(tmp_path, RIGHT.replace(line, line + again, 1))
    assert found == [said]


def test_keys_that_a_merge_overrides_are_no_repetition(tmp_path: Path) -> None:
    text = RIGHT.replace("  - id: search", "  - &base\n    id: search", 1).replace(
        "owners:\n", '  - <<: *base\n    id: other\n    limit: "7"\nowners:\n', 1
    )
    path = tmp_path / "bursar.yaml"
    path.write_text(text)
    assert [budget.limit.plain() for budget in read_config(path).budgets] == ["100.5", "7"]


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = RIGHT.replace("cluster=prod,", "cluster=other,").replace("owner: search", "owner: x")
    assert [each.split(":")[2] for each in problems(tmp_path, text)] == [
        " budgets[0].owner",
        " budgets[0].scope",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ": is empty"),
        ("# nothing\n", ": is empty"),
        ("- version: 1\n", ":1: is not a mapping"),
        ("hello", ":1: is not a mapping"),
        (b"version: 1\nname: \xff\n", ":2: is not UTF-8"),
        ("version: 1\n---\nversion: 1\n", ":2: but found another document"),
        ("version: {1\n", ":2: expected"),
        ("version: *nowhere\n", ":1: found undefined alias"),
        ("version: !!python/object/apply:os.system [id]\n", ":1: could not determine"),
        ("version: 2026-13-45\n", ": month must be in 1..12"),
        ("version: 1\nname: \x07\n", ": unacceptable character"),
        pytest.param("[" * 3000 + "]" * 3000, ": is nested too deeply", id="3,000 deep"),
    ],
)
def test_what_is_no_bursar_yaml_at_all_is_said(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    (found,) = problems(tmp_path, text)
    assert found.startswith(said)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: No such file"):
        read_config(tmp_path / "nowhere.yaml")
    with pytest.raises(ConfigError, match="Is a directory"):
        read_config(tmp_path)


def test_the_example_is_valid_and_shows_every_section() -> None:
    config = read_config(EXAMPLE)
    assert set(yaml.safe_load(EXAMPLE.read_text())) == set(BursarYaml.model_fields)
    assert config.account == "111122223333"
    text = EXAMPLE.read_text()
    assert text.count("DECIDE") >= 5
    assert not [word for word in ("AKIA", "password", "sk-", "token:") if word in text]


def test_every_address_in_the_example_is_an_example() -> None:
    config = read_config(EXAMPLE)
    emails = [*config.notifications.catch_all]
    emails += [email for owner in config.owners.values() for email in owner.emails]
    assert all(email.endswith("@example.com") for email in emails)
