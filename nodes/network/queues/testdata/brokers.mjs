// The brokers that record.mjs asks: each sets up what a case names, sends what a case sends, and tells what arrived. The clients are
// the libraries that n8n brings.
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.N8N_REFERENCE_HOME, "n8n", "package.json"));
const host = "127.0.0.1";

// body is a message's content: text, or "base64:…" of what is no text.
const body = (b) => (b.startsWith("base64:") ? Buffer.from(b.slice(7), "base64") : Buffer.from(b));
const text = (b) => (Buffer.from(b.toString()).equals(b) ? b.toString() : "base64:" + b.toString("base64"));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const kept = (o) => Object.fromEntries(Object.entries(o ?? {}).filter(([, v]) => v !== undefined && v !== null));

// rabbitmq: {"exchanges": [{"name", "type", "options"?}], "queues": [{"name", "bind"?: [[exchange, key, arguments]], "options"?}], "look": [queue]}
async function rabbitmq(port) {
  const connection = await require("amqplib").connect(`amqp://guest:guest@${host}:${port}`);
  const channel = async (use) => {
    const ch = await connection.createConfirmChannel();
    ch.on("error", () => {});
    try {
      return await use(ch);
    } finally {
      await ch.close().catch(() => {});
    }
  };
  const each = async (list, use) => {
    for (const x of list ?? []) await channel((ch) => use(ch, x)).catch(() => {});
  };
  const clean = async (b) => {
    await each([...(b.queues ?? []).map((q) => q.name), ...(b.look ?? [])], (ch, q) => ch.deleteQueue(q));
    await each([...(b.exchanges ?? []).map((x) => x.name), ...(b.clean ?? [])], (ch, x) => ch.deleteExchange(x));
  };
  return {
    credential: { hostname: host, port, username: "guest", password: "guest", vhost: "/", ssl: false },
    clean,
    async setup(b) {
      await clean(b);
      await channel(async (ch) => {
        for (const x of b.exchanges ?? []) await ch.assertExchange(x.name, x.type, x.options);
        for (const q of b.queues ?? []) {
          await ch.assertQueue(q.name, q.options);
          for (const [exchange, key, args] of q.bind ?? []) await ch.bindQueue(q.name, exchange, key, args);
        }
      });
    },
    send: (list) =>
      channel(async (ch) => {
        for (const m of list) {
          ch.publish(m.exchange ?? "", m.key ?? "", body(m.body), m.properties);
          await ch.waitForConfirms();
        }
      }),
    async arrived(b) {
      const all = {};
      for (const name of b.look ?? []) {
        all[name] = await channel(async (ch) => {
          const list = [];
          for (let m; (m = await ch.get(name)); ch.ack(m)) list.push({ body: text(m.content), ...kept(m.fields), ...kept(m.properties) });
          for (const m of list) for (const name of ["deliveryTag", "messageCount", "consumerTag"]) delete m[name];
          return list;
        }).catch(() => null);
      }
      return all;
    },
    close: () => connection.close(),
  };
}

// mqtt: {"retained"?: [[topic, text]]}. What arrives is all that a subscriber of "#" gets, and "retained" what one gets later.
async function mqtt(port) {
  const { connectAsync } = require("mqtt");
  const client = await connectAsync(`mqtt://${host}:${port}`);
  let got = [];
  const shown = (topic, payload, p) => ({ topic, body: text(payload), qos: p.qos, retain: p.retain });
  client.on("message", (...m) => got.push(shown(...m)));
  const later = async () => {
    const other = await connectAsync(`mqtt://${host}:${port}`);
    const list = [];
    other.on("message", (...m) => list.push(shown(...m)));
    await other.subscribeAsync("#", { qos: 2 });
    await pause(100);
    await other.endAsync();
    return list;
  };
  const clean = async () => {
    for (const m of await later()) await client.publishAsync(m.topic, "", { retain: true });
  };
  return {
    credential: { protocol: "mqtt", host, port, username: "", password: "", clean: true, clientId: "", ssl: false },
    clean,
    async setup(b) {
      await client.unsubscribeAsync("#");
      await clean();
      await client.subscribeAsync("#", { qos: 2 });
      await pause(50);
      got = [];
      for (const [topic, message] of b.retained ?? []) await client.publishAsync(topic, message, { retain: true });
    },
    async send(list) {
      for (const m of list) await client.publishAsync(m.topic, body(m.body), { qos: m.qos ?? 0, retain: m.retain ?? false });
    },
    async arrived() {
      await pause(100);
      return { messages: got, retained: await later() };
    },
    close: () => client.endAsync(),
  };
}

// kafka: {"topics": [[name, partitions]], "before"?: [messages], "group"?: name}. What arrives are the records of each topic, and
// of a group the offsets that it committed.
async function kafka(port) {
  const { Kafka, logLevel } = require("kafkajs");
  const client = new Kafka({ brokers: [`${host}:${port}`], logLevel: logLevel.NOTHING });
  const admin = client.admin();
  const producer = client.producer();
  await admin.connect();
  await producer.connect();
  const names = (b) => (b.topics ?? []).map(([name]) => name);
  const clean = async (b) => {
    const there = await admin.listTopics();
    const topics = names(b).filter((t) => there.includes(t));
    if (topics.length) await admin.deleteTopics({ topics });
    if (b.group) await admin.deleteGroups([b.group]).catch(() => {});
  };
  const send = async (list) => {
    for (const { topic, body: value, key, headers, partition } of list) {
      const values = Object.fromEntries(Object.entries(headers ?? {}).map(([name, v]) => [name, Array.isArray(v) ? v.map(body) : body(v)]));
      await producer.send({ topic, messages: [{ value: value === null ? null : body(value), key: key && body(key), headers: values, partition, timestamp: "1700000000000" }] });
    }
  };
  const shown = (b) => (b === null || b === undefined ? null : text(b));
  const records = async (topic) => {
    const ends = await admin.fetchTopicOffsets(topic);
    let left = ends.reduce((n, p) => n + Number(p.high) - Number(p.low), 0);
    const list = [];
    if (!left) return list;
    const consumer = client.consumer({ groupId: "look-" + Math.random() });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise((done) =>
      consumer.run({
        eachMessage: async ({ partition, message: m }) => {
          list.push({ partition, key: shown(m.key), body: shown(m.value), headers: Object.fromEntries(Object.entries(m.headers ?? {}).map(([k, v]) => [k, Array.isArray(v) ? v.map(shown) : shown(v)])) });
          if (--left === 0) done();
        },
      }),
    );
    await consumer.disconnect();
    return list;
  };
  return {
    credential: { clientId: "n8n", brokers: `${host}:${port}`, ssl: false, authentication: false },
    clean,
    async setup(b) {
      await clean(b);
      await admin.createTopics({ topics: (b.topics ?? []).map(([topic, numPartitions]) => ({ topic, numPartitions })) });
      await send(b.before ?? []);
    },
    send,
    async arrived(b) {
      const all = {};
      if (b.group) {
        const offsets = await admin.fetchOffsets({ groupId: b.group, topics: names(b) }).catch(() => []); // there is no such group
        for (const t of offsets) all[t.topic] = t.partitions.map((p) => p.offset);
        return all;
      }
      for (const topic of names(b)) all[topic] = await records(topic);
      return all;
    },
    close: async () => {
      await producer.disconnect();
      await admin.disconnect();
    },
  };
}

export const brokers = { rabbitmq, mqtt, kafka };
