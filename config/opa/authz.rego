# METADATA
# scope: package
# title: Who may ask OPA what
# description: >-
#   OPA is closed by default. Health is for all; everything else is for those that `data.system.clients` names,
#   each with what it may do: `decide` (the decisions) or `metrics` (Prometheus). A client that comes with a token
#   stands there by the SHA-256 of the token, so that the list is no secret; one that comes with a certificate
#   (mutual TLS), by the certificate's subject, such as `CN=icaccess`.
package system.authz

# METADATA
# title: Allow
# description: Whether OPA answers this request at all.
default allow := false

allow if {
	input.method == "GET"
	input.path == ["health"]
}

# Decisions are asked by POST alone: facts in a URL would stand in the logs of every proxy on the way. Who asks is
# looked up last, since OPA runs these rules before each decision.
allow if {
	input.method == "POST"
	input.path in _decisions
	object.remove(input.params, _params) == {}
	"decide" in _may
}

allow if {
	input.method == "GET"
	input.path == ["metrics"]
	"metrics" in _may
}

# Written out, so that nothing has to be put together at each request.
_decisions := {
	["v1", "data", "access", "decision"],
	["v1", "data", "access", "decisions"],
	["v1", "data", "access", "verdicts"],
	["v1", "data", "access", "allow"],
	["v1", "data", "access", "deny"],
	["v1", "data", "access", "expiry"],
	["v1", "data", "access", "explanation"],
	["v1", "data", "access", "evidence"],
	["v1", "data", "access", "due_after"],
	["v1", "data", "access", "approvals_due"],
	["v1", "data", "access", "approved_elsewhere"],
	["v0", "data", "access", "authzen", "evaluation"],
	["v0", "data", "access", "authzen", "evaluations"],
}

# `explain` and `instrument` are not among them: they show more than the decision, and cost more.
_params := {"provenance", "strict-builtin-errors", "pretty", "metrics"}

_may := data.system.clients[_client]

# A token is looked up by its digest and a certificate by its subject, so that neither can pass for the other.
_client := input.identity if {
	input.client_certificates
} else := crypto.sha256(input.identity)
