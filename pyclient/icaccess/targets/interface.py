"""What a target is: the system that holds the access, asked who has it and told what to change."""
