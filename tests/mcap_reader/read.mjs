// Opens a file with @mcap/core as Foxglove does, by its index; prints what is in it as JSON.
import { McapIndexedReader } from "@mcap/core";
import { decompress } from "fzstd";
import { open } from "node:fs/promises";

const handle = await open(process.argv[2], "r");
const readable = {
  size: async () => BigInt((await handle.stat()).size),
  read: async (offset, length) => {
    const bytes = new Uint8Array(Number(length));
    await handle.read(bytes, 0, bytes.length, Number(offset));
    return bytes;
  },
};
const decompressHandlers = { zstd: (bytes, size) => decompress(bytes, new Uint8Array(Number(size))) };
const reader = await McapIndexedReader.Initialize({ readable, decompressHandlers });

const text = new TextDecoder();
const channels = [...reader.channelsById.values()].map((one) => {
  const schema = reader.schemasById.get(one.schemaId);
  return { topic: one.topic, encoding: one.messageEncoding, schemaName: schema.name,
    schemaEncoding: schema.encoding, schema: JSON.parse(text.decode(schema.data)) };
});
const messages = [];
for await (const one of reader.readMessages()) {
  messages.push([reader.channelsById.get(one.channelId).topic, Number(one.logTime / 1000n),
    JSON.parse(text.decode(one.data))]);
}
const metadata = {};
for await (const one of reader.readMetadata()) metadata[one.name] = Object.fromEntries(one.metadata);
await handle.close();
console.log(JSON.stringify({ library: reader.header.library, channels, messages, metadata }));
