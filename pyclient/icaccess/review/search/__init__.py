"""The search for made-up people: for whom two versions of a policy decide differently, and who reaches what.

All judgement is OPA's. The search knows the shapes of facts from the policy's schema, and the words, days and
numbers that policy data, rules and seeds hold; it knows no rule.
"""
