"""What the template promises, asserted on what CloudFormation would be given."""
