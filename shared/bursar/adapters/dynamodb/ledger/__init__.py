"""The ledger in DynamoDB: one module for each kind of item, and the transaction over them."""
