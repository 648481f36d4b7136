# The Kafka log's append and reading against a plain C program on the same library and brokers.
say "kafka log, against a plain C program"
"$bin/bench-KafkaLog" | tee "$bench/kafka.txt" >&2
kafka() { sed -n "s/^kafka $1: //p" "$bench/kafka.txt"; }
figure "kafka append, of a plain C program's records/s" "$(kafka 'append, median ratio to the plain C program')" "" ">=" 0.85
figure "kafka append, of its CPU" "$(kafka 'append, median ratio of its CPU')" "" "<=" 1.3
figure "kafka read, of a plain C program's records/s" "$(kafka 'read, median ratio to the plain C program')" "" ">=" 0.75
figure "kafka read, of its CPU" "$(kafka 'read, median ratio of its CPU')" "" "<=" 1.6
