"""Policies: what contracts say about the callers of their methods (boxoffice/policy/v1/policy.proto)."""

from dataclasses import dataclass

from boxoffice.policy.v1 import policy_pb2
from google.protobuf import descriptor_pool

_Policy = policy_pb2.Policy


@dataclass(frozen=True, slots=True)
class Rule:
    """What a contract says about the callers of a method."""

    allowed: frozenset[str]
    """The kinds of caller."""
    services: frozenset[str]
    """Where SERVICE is among them: which."""
    budget: str
    """SALES or MONEY: the limit that its calls count against."""
    member_roles: frozenset[str]
    """Where MEMBER is among them: the roles that members need."""
    organization_of: str
    """Where MEMBER is among them: the field that says which organization a request is about."""
    uses: tuple[str, ...]
    """The fields that name what this organization has to be allowed to use."""
    largest_file_bytes: int
    """Where a field of the request is a file: how large it may be."""


def policy(method: str) -> Rule:
    """Return what a contract says about a method's callers; raise LookupError if it does not."""
    service, _, name = method.strip("/").partition("/")
    found = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    stated = found.GetOptions().Extensions[policy_pb2.policy]
    if not stated.allow or _Policy.CALLER_UNSPECIFIED in stated.allow:
        raise LookupError(f"{method} has no policy: its contract has to say who may call it")
    if not stated.budget:
        raise LookupError(f"{method} has no budget: its contract has to say from which its calls are")
    kinds = frozenset(map(_Policy.Caller.Name, stated.allow))
    member_roles = frozenset(map(policy_pb2.Membership.Role.Name, stated.member_roles))
    budget = _Policy.Budget.Name(stated.budget)
    services, uses = frozenset(stated.services), tuple(stated.uses)
    return Rule(kinds, services, budget, member_roles, stated.organization_of, uses, stated.largest_file_bytes)
