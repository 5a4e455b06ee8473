"""Real Apache Kafka and real PostgreSQL as children of one process, for one machine."""
