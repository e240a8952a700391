# METADATA
# title: Checked policy data
# description: What the build of a bundle found of the policy data that it is built for.
package lib.checked

# METADATA
# title: Settings
# description: The digest of what settings.rego found sound. A build replaces this file by one that has it.
settings := ""
