import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.BufferedInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Scanner;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;

/**
 * What the chaos run believes: Kafka's own client, no code of ours. Commands, answers as JSON lines:
 *   produce BROKERS TOPIC FILE RATE            records of FILE, each once, round robin over the partitions there are; a number on standard
 *                                              input is another rate from then on, its end the end
 *   watch BROKERS SCORES DEAD                  follows both outputs (read_committed) until standard input ends
 *   judge BROKERS INPUT SCORES DEAD FOLDER ISOLATION  reads everything anew, compares, leaves input and scores in FOLDER
 *   holders BROKERS GROUP TRANSACTIONAL_ID SCORES INPUT PARTITION  waits until all replicas are in sync; which broker is what
 *   dump BROKERS TOPIC PARTITION FROM ISOLATION  offset and value of each record there is
 */
public class Oracle {
  public static void main(String[] a) throws Exception {
    switch (a[0]) {
      case "produce" -> produce(a[1], a[2], a[3], Double.parseDouble(a[4]));
      case "watch" -> watch(a[1], a[2], a[3]);
      case "judge" -> judge(a[1], a[2], a[3], a[4], Path.of(a[5]), a[6]);
      case "holders" -> holders(a[1], a[2], a[3], a[4], a[5], Integer.parseInt(a[6]));
      case "dump" -> dump(a[1], a[2], Integer.parseInt(a[3]), Long.parseLong(a[4]), a[5]);
      default -> throw new IllegalArgumentException(a[0]);
    }
  }

  static Properties common(String brokers) {
    Properties p = new Properties();
    p.put("bootstrap.servers", brokers);
    for (String side : List.of("key", "value")) {
      p.put(side + ".serializer", "org.apache.kafka.common.serialization.ByteArraySerializer");
      p.put(side + ".deserializer", "org.apache.kafka.common.serialization.ByteArrayDeserializer");
    }
    return p;
  }

  static KafkaConsumer<byte[], byte[]> consumer(String brokers, String isolation) {
    Properties p = common(brokers);
    p.put("isolation.level", isolation);
    p.put("enable.auto.commit", "false");
    p.put("auto.offset.reset", "none");
    p.put("max.poll.records", "5000");
    p.put("metadata.max.age.ms", "1000");
    return new KafkaConsumer<>(p);
  }

  static void produce(String brokers, String topic, String file, double rate) throws Exception {
    Properties p = common(brokers);
    p.put("acks", "all");
    p.put("enable.idempotence", "true");
    p.put("delivery.timeout.ms", "600000");
    p.put("linger.ms", "20");
    p.put("metadata.max.age.ms", "1000");
    AtomicReference<Exception> fault = new AtomicReference<>();
    AtomicReference<Double> wanted = new AtomicReference<>(rate);
    Thread reader = new Thread(() -> {
      new Scanner(System.in).forEachRemaining(line -> wanted.set(Double.parseDouble(line)));
      Runtime.getRuntime().halt(1); // whoever asked for it is gone
    });
    reader.setDaemon(true);
    reader.start();
    try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(p);
        DataInputStream in = new DataInputStream(new BufferedInputStream(new FileInputStream(file), 1 << 20))) {
      long begun = System.nanoTime();
      long said = begun;
      long before = 0; // sent at former rates
      long sent = 0;
      for (; fault.get() == null; sent++) {
        byte[] key;
        try {
          key = bytes(in);
        } catch (EOFException end) {
          break;
        }
        int partition = (int) (sent % producer.partitionsFor(topic).size());
        producer.send(new ProducerRecord<>(topic, partition, key, bytes(in)), (m, e) -> {
          if (e != null) fault.set(e);
        });
        if (sent % 50 == 0) {
          if (wanted.get() != rate) {
            rate = wanted.get();
            begun = System.nanoTime();
            before = sent;
          }
          long early = begun + (long) ((sent - before) / rate * 1e9) - System.nanoTime();
          if (early > 0) Thread.sleep(early / 1_000_000);
        }
        if (System.nanoTime() - said > 500_000_000L) {
          said = System.nanoTime();
          say("{\"sent\":%d}", sent);
        }
      }
      producer.flush();
      if (fault.get() != null) throw fault.get();
      say("{\"sent\":%d,\"done\":true}", sent);
    }
  }

  static byte[] bytes(DataInputStream in) throws Exception {
    int length = in.readInt();
    return length < 0 ? null : in.readNBytes(length);
  }

  /** What has come of each input partition: which offsets, in what order. */
  static class Account {
    final Map<Integer, BitSet> seen = new TreeMap<>();
    final Map<String, Long> last = new HashMap<>();
    long records, duplicates, disorder, strays;

    void add(String topic, ConsumerRecord<byte[], byte[]> r, int partition, long offset) {
      records++;
      if (partition != r.partition()) strays++;
      BitSet bits = seen.computeIfAbsent(partition, k -> new BitSet());
      if (bits.get((int) offset)) duplicates++;
      bits.set((int) offset);
      Long before = last.put(topic + r.partition(), offset);
      if (before != null && before >= offset) disorder++;
    }

    String positions() {
      StringBuilder s = new StringBuilder();
      seen.forEach((p, bits) -> s.append(s.length() > 0 ? "," : "").append("\"" + p + "\":" + bits.cardinality()));
      return s.toString();
    }
  }

  static String header(ConsumerRecord<byte[], byte[]> r, String name) {
    Header h = r.headers().lastHeader(name);
    return h == null ? null : new String(h.value(), StandardCharsets.UTF_8);
  }

  /** Where a score or a dead letter comes from: partition and offset. */
  static long[] source(ConsumerRecord<byte[], byte[]> r, boolean isScore) {
    if (!isScore) return new long[] {Long.parseLong(header(r, "source-partition")), Long.parseLong(header(r, "source-offset"))};
    String[] parts = header(r, "ce_id").split("/");
    return new long[] {Long.parseLong(parts[parts.length - 2]), Long.parseLong(parts[parts.length - 1])};
  }

  static void watch(String brokers, String scores, String dead) throws Exception {
    boolean[] ended = {false};
    Thread reader = new Thread(() -> {
      try {
        while (System.in.read() >= 0) {}
      } catch (Exception e) {
        // ended as well
      }
      ended[0] = true;
    });
    reader.setDaemon(true);
    reader.start();
    Account account = new Account();
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(brokers, "read_committed")) {
      Set<TopicPartition> assigned = new HashSet<>();
      long looked = 0;
      long said = 0;
      while (!ended[0]) {
        if (System.currentTimeMillis() - looked > 1000) {
          looked = System.currentTimeMillis();
          try {
            extend(consumer, assigned, List.of(scores, dead));
          } catch (org.apache.kafka.common.errors.TimeoutException e) {
            // the broker is away, or slow at its start
          }
        }
        if (assigned.isEmpty()) continue; // poll refuses then
        for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(100))) {
          long[] from = source(r, r.topic().equals(scores));
          account.add(r.topic(), r, (int) from[0], from[1]);
        }
        if (System.currentTimeMillis() - said > 200) {
          said = System.currentTimeMillis();
          say("{\"seen\":%d,\"duplicates\":%d,\"disorder\":%d,\"strays\":%d,\"positions\":{%s}}", account.records,
              account.duplicates, account.disorder, account.strays, account.positions());
        }
      }
    }
  }

  static void extend(KafkaConsumer<byte[], byte[]> consumer, Set<TopicPartition> assigned, List<String> topics) {
    Set<TopicPartition> fresh = new HashSet<>();
    for (String topic : topics)
      consumer.partitionsFor(topic, Duration.ofSeconds(2)).forEach(p -> fresh.add(new TopicPartition(topic, p.partition())));
    fresh.removeAll(assigned);
    if (fresh.isEmpty()) return;
    assigned.addAll(fresh);
    consumer.assign(assigned);
    consumer.seekToBeginning(fresh);
  }

  interface Each {
    void record(ConsumerRecord<byte[], byte[]> r) throws Exception;
  }

  /** All records of a partition from an offset to its present end. */
  static void all(KafkaConsumer<byte[], byte[]> consumer, TopicPartition where, long from, Each each) throws Exception {
    consumer.assign(List.of(where));
    long end = consumer.endOffsets(List.of(where)).get(where);
    long begin = Math.max(from, consumer.beginningOffsets(List.of(where)).get(where));
    consumer.seek(where, begin);
    long quiet = System.currentTimeMillis();
    while (consumer.position(where) < end) {
      for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(200))) {
        quiet = System.currentTimeMillis();
        if (r.offset() < end) each.record(r);
      }
      if (System.currentTimeMillis() - quiet > 60_000) throw new IllegalStateException("a transaction stays open in " + where);
    }
  }

  static void judge(String brokers, String input, String scores, String dead, Path folder, String isolation) throws Exception {
    Account account = new Account();
    long[] n = new long[9]; // input, scored, dead, missing, uncommitted, bytes that differ, headers that differ, invented, cut
    try (KafkaConsumer<byte[], byte[]> committed = consumer(brokers, isolation);
        KafkaConsumer<byte[], byte[]> all = consumer(brokers, "read_uncommitted")) {
      int partitions = committed.partitionsFor(input).size();
      for (int p = 0; p < partitions; p++) {
        try (DataOutputStream scored = out(folder, "scores-" + p); DataOutputStream read = out(folder, "input-" + p)) {
          all(committed, new TopicPartition(scores, p), 0, r -> {
            long[] from = source(r, true);
            account.add(scores, r, (int) from[0], from[1]);
            write(scored, r, from[1]);
            n[1]++;
          });
          Map<Long, ConsumerRecord<byte[], byte[]>> letters = new HashMap<>();
          all(committed, new TopicPartition(dead, p), 0, r -> {
            long[] from = source(r, false);
            account.add(dead, r, (int) from[0], from[1]);
            letters.put(from[1], r);
            n[2]++;
          });
          BitSet seen = account.seen.getOrDefault(p, new BitSet());
          all(committed, new TopicPartition(input, p), 0, r -> {
            n[0]++;
            if (!seen.get((int) r.offset())) n[3]++;
            seen.clear((int) r.offset());
            ConsumerRecord<byte[], byte[]> letter = letters.get(r.offset());
            if (letter != null) {
              if (!isLetterOf(letter, r) || !Arrays.equals(letter.key(), r.key())) n[5]++;
              if (header(letter, "dead-letter-cut") != null) n[8]++;
              for (Header h : r.headers())
                if (letter.headers().lastHeader(h.key()) == null
                    || !Arrays.equals(letter.headers().lastHeader(h.key()).value(), h.value())) n[6]++;
            }
            write(read, r, r.offset());
          });
          n[7] += seen.cardinality(); // of nothing that was put in
        }
        for (String topic : List.of(scores, dead)) all(all, new TopicPartition(topic, p), 0, r -> n[4]++);
      }
    }
    say("{\"input\":%d,\"scores\":%d,\"deadLetters\":%d,\"missing\":%d,\"invented\":%d,\"duplicates\":%d,\"disorder\":%d,\"strays\":%d,"
        + "\"onlyUncommitted\":%d,\"changedBytes\":%d,\"changedHeaders\":%d,\"cut\":%d}", n[0], n[1], n[2], n[3], n[7], account.duplicates,
        account.disorder, account.strays, n[4] - n[1] - n[2], n[5], n[6], n[8]);
  }

  /** The bytes as they were sent; of a letter that was cut the beginning, and size and sha256 of the whole. */
  static boolean isLetterOf(ConsumerRecord<byte[], byte[]> letter, ConsumerRecord<byte[], byte[]> sent) throws Exception {
    if (header(letter, "dead-letter-cut") == null) return Arrays.equals(letter.value(), sent.value());
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(sent.value());
    int kept = letter.value().length;
    return kept > 1000 && kept < sent.value().length && Arrays.equals(letter.value(), Arrays.copyOf(sent.value(), kept))
        && header(letter, "original-size").equals(String.valueOf(sent.value().length))
        && header(letter, "original-sha256").equals(HexFormat.of().formatHex(digest));
  }

  static void holders(String brokers, String group, String id, String scores, String input, int partition) throws Exception {
    try (Admin admin = Admin.create(common(brokers))) {
      long end = System.currentTimeMillis() + 60_000;
      Map<String, TopicDescription> topics;
      do {
        Thread.sleep(100);
        topics = admin.describeTopics(List.of(scores, input, "__consumer_offsets", "__transaction_state")).allTopicNames().get();
      } while (System.currentTimeMillis() < end && !topics.values().stream().flatMap(t -> t.partitions().stream())
          .allMatch(p -> p.isr().size() == p.replicas().size()));
      say("{\"score leader\":%d,\"input leader\":%d,\"transaction coordinator\":%d,\"group coordinator\":%d,\"controller\":%d}",
          topics.get(scores).partitions().get(partition).leader().id(), topics.get(input).partitions().get(partition).leader().id(),
          admin.describeTransactions(List.of(id)).all().get().get(id).coordinatorId(),
          admin.describeConsumerGroups(List.of(group)).all().get().get(group).coordinator().id(),
          admin.describeMetadataQuorum().quorumInfo().get().leaderId());
    }
  }

  static DataOutputStream out(Path folder, String name) throws Exception {
    return new DataOutputStream(new BufferedOutputStream(new FileOutputStream(folder.resolve(name).toFile()), 1 << 20));
  }

  static void write(DataOutputStream out, ConsumerRecord<byte[], byte[]> r, long offset) throws Exception {
    out.writeLong(offset);
    out.writeLong(r.timestamp());
    for (byte[] part : new byte[][] {r.key(), r.value()}) {
      out.writeInt(part == null ? -1 : part.length);
      if (part != null) out.write(part);
    }
  }

  static void dump(String brokers, String topic, int partition, long from, String isolation) throws Exception {
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(brokers, isolation)) {
      all(consumer, new TopicPartition(topic, partition), from,
          r -> say("{\"offset\":%d,\"value\":\"%s\"}", r.offset(), new String(r.value(), StandardCharsets.UTF_8)));
    }
  }

  static void say(String format, Object... values) {
    System.out.printf(format + "%n", values);
    System.out.flush();
  }
}
