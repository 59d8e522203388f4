"""The store: tables, connections, the writer and the queries. It must not decide what is said or when to send."""
