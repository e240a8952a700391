package system.authz

_clients := {
	crypto.sha256("the client's"): ["decide"],
	crypto.sha256("the scraper's"): ["metrics"],
	"CN=icaccess": ["decide"],
}

_decision := {"method": "POST", "path": ["v1", "data", "access", "decision"], "params": {}, "identity": "the client's"}

_cases := {
	"health needs no token": {"input": {"method": "GET", "path": ["health"], "params": {"bundles": ["true"]}}, "want": true},
	"health is only read": {"input": {"method": "POST", "path": ["health"], "params": {}}, "want": false},
	"health and no more": {"input": {"method": "GET", "path": ["health", "live"], "params": {}}, "want": false},
	"one decision": {"input": _decision, "want": true},
	"the explanation": {"input": object.union(_decision, {"path": ["v1", "data", "access", "explanation"]}), "want": true},
	"verdicts": {"input": object.union(_decision, {"path": ["v1", "data", "access", "verdicts"]}), "want": true},
	"approvals due": {"input": object.union(_decision, {"path": ["v1", "data", "access", "approvals_due"]}), "want": true},
	"approved elsewhere": {
		"input": object.union(_decision, {"path": ["v1", "data", "access", "approved_elsewhere"]}),
		"want": true,
	},
	"the evidence": {"input": object.union(_decision, {"path": ["v1", "data", "access", "evidence"]}), "want": true},
	"an AuthZEN evaluation": {
		"input": object.union(_decision, {"path": ["v0", "data", "access", "authzen", "evaluation"]}),
		"want": true,
	},
	"AuthZEN evaluations": {
		"input": object.union(_decision, {"path": ["v0", "data", "access", "authzen", "evaluations"]}),
		"want": true,
	},
	"what AuthZEN is asked for": {
		"input": object.union(_decision, {"path": ["v0", "data", "access", "authzen", "asked_for"]}),
		"want": false,
	},
	"AuthZEN by version 1": {
		"input": object.union(_decision, {"path": ["v1", "data", "access", "authzen", "evaluation"]}),
		"want": false,
	},
	"a due day": {"input": object.union(_decision, {"path": ["v1", "data", "access", "due_after"]}), "want": true},
	"many decisions, as the client asks them": {
		"input": object.union(_decision, {
			"path": ["v1", "data", "access", "decisions"],
			"params": {"provenance": ["true"], "strict-builtin-errors": ["true"]},
		}),
		"want": true,
	},
	"a certificate by its subject": {
		"input": object.union(_decision, {"identity": "CN=icaccess", "client_certificates": [{}]}),
		"want": true,
	},
	"a subject given as a token": {"input": object.union(_decision, {"identity": "CN=icaccess"}), "want": false},
	"a digest given as a token": {
		"input": object.union(_decision, {"identity": crypto.sha256("the client's")}),
		"want": false,
	},
	"a token given as a subject": {
		"input": object.union(_decision, {"identity": "the client's", "client_certificates": [{}]}),
		"want": false,
	},
	"no token": {"input": object.remove(_decision, ["identity"]), "want": false},
	"a wrong token": {"input": object.union(_decision, {"identity": "somebody's"}), "want": false},
	"an empty token": {"input": object.union(_decision, {"identity": ""}), "want": false},
	"the scraper decides nothing": {"input": object.union(_decision, {"identity": "the scraper's"}), "want": false},
	"metrics for the scraper": {
		"input": {"method": "GET", "path": ["metrics"], "params": {}, "identity": "the scraper's"},
		"want": true,
	},
	"metrics not for the client": {
		"input": {"method": "GET", "path": ["metrics"], "params": {}, "identity": "the client's"},
		"want": false,
	},
	"facts in a URL": {"input": object.union(_decision, {"method": "GET"}), "want": false},
	"data is not written": {"input": object.union(_decision, {"method": "PUT"}), "want": false},
	"data is not patched": {"input": object.union(_decision, {"method": "PATCH"}), "want": false},
	"data is not deleted": {"input": object.union(_decision, {"method": "DELETE"}), "want": false},
	"no trace": {"input": object.union(_decision, {"params": {"explain": ["full"]}}), "want": false},
	"no helper rules": {"input": object.union(_decision, {"path": ["v1", "data", "access", "unmet"]}), "want": false},
	"no whole package": {"input": object.union(_decision, {"path": ["v1", "data", "access"]}), "want": false},
	"no policy data": {"input": object.union(_decision, {"path": ["v1", "data", "locations"]}), "want": false},
	"no list of clients": {"input": object.union(_decision, {"path": ["v1", "data", "system", "clients"]}), "want": false},
	"no version 0": {"input": object.union(_decision, {"path": ["v0", "data", "access", "decision"]}), "want": false},
	"an empty step in the path": {
		"input": object.union(_decision, {"path": ["v1", "data", "access", "decision", ""]}),
		"want": false,
	},
	"a step up in the path": {
		"input": object.union(_decision, {"path": ["v1", "data", "access", "..", "access", "decision"]}),
		"want": false,
	},
	"policies are not listed": {
		"input": {"method": "GET", "path": ["v1", "policies"], "params": {}, "identity": "the client's"},
		"want": false,
	},
	"policies are not written": {
		"input": {"method": "PUT", "path": ["v1", "policies", "x"], "params": {}, "identity": "the client's"},
		"want": false,
	},
	"no query": {
		"input": {"method": "POST", "path": ["v1", "query"], "params": {}, "identity": "the client's"},
		"want": false,
	},
	"no compilation": {
		"input": {"method": "POST", "path": ["v1", "compile"], "params": {}, "identity": "the client's"},
		"want": false,
	},
	"no configuration": {
		"input": {"method": "GET", "path": ["v1", "config"], "params": {}, "identity": "the client's"},
		"want": false,
	},
	"no status": {
		"input": {"method": "GET", "path": ["v1", "status"], "params": {}, "identity": "the client's"},
		"want": false,
	},
	"no default decision": {"input": {"method": "POST", "path": [""], "params": {}, "identity": "the client's"}, "want": false},
}

test_who_may_ask_what[name] if {
	some name, case in _cases
	got := allow with input as case.input with data.system.clients as _clients
	got == case.want
}

test_without_a_list_of_clients_only_health_answers if {
	not allow with input as _decision with data.system.clients as {}
	allow with input as {"method": "GET", "path": ["health"], "params": {}} with data.system.clients as {}
}
