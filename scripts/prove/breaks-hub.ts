import type { Break, NamedTest } from './break.ts'

const at = (project: NamedTest['project'], file: string) => (name: string) =>
  ({ project, file, name }) satisfies NamedTest
const hubFeed = at('unit', 'packages/realtime/test/hub-feed.test.ts')
const hubLife = at('unit', 'packages/realtime/test/hub-life.test.ts')
const hubSlow = at('unit', 'packages/realtime/test/hub-slow.test.ts')
const hubProperty = at('unit', 'packages/realtime/test/hub-property.test.ts')
const sink = at('unit', 'packages/realtime/test/sink-web.test.ts')
const busLocal = at('unit', 'packages/realtime/test/bus-local.test.ts')
const busPostgres = at('pg', 'packages/realtime/test/bus.pg.test.ts')
const busRedis = at('redis', 'packages/realtime/test/bus.redis.test.ts')
const hubRedis = at('redis', 'packages/realtime/test/hub.redis.test.ts')
const rings = at('unit', 'packages/realtime/test/rings.test.ts')

export const hubBreaks: readonly Break[] = [
  {
    rule: 'feed-9',
    what: 'each stream of a user reads for itself',
    file: 'packages/realtime/src/user-feed.ts',
    from: 'if (head > this.#wanted) this.#wanted = head\n    this.#kick()',
    to: 'for (const connection of this.connections) void this.#catchUp(connection)',
    test: hubFeed('one read serves all level streams of a user, with the same bytes'),
  },
  {
    rule: 'feed-9',
    what: 'a ring during a read is forgotten',
    file: 'packages/realtime/src/user-feed.ts',
    from: 'if (head > this.#wanted) this.#wanted = head\n    this.#kick()',
    to: 'if (head > this.#wanted && !this.#pulling) this.#wanted = head\n    this.#kick()',
    test: hubFeed('rings during a read leave exactly one more read'),
  },
  {
    rule: 'feed-10',
    what: 'a page goes to readers that it does not join on to',
    file: 'packages/realtime/src/user-feed.ts',
    from: 'if (cursor >= page.next || cursor < page.after) continue',
    to: '',
    test: hubProperty(
      'whatever is written, lost, slow or broken: each reader gets every change after its cursor, once, in order',
    ),
  },
  {
    rule: 'feed-10',
    what: 'a reader that has part of a page gets all of it',
    file: 'packages/realtime/src/user-feed.ts',
    from: 'if (cursor === page.after) {',
    to: 'if (cursor >= page.after) {',
    test: hubProperty(
      'whatever is written, lost, slow or broken: each reader gets every change after its cursor, once, in order',
    ),
  },
  {
    rule: 'feed-11',
    what: 'a reader whose cursor is lost is not told',
    file: 'packages/realtime/src/user-feed.ts',
    from: 'if (lostFloor !== null) this.#resync(connection, lostFloor)',
    to: '',
    test: hubFeed('a cursor below the floor gets resync, and the stream goes on from the head'),
  },
  {
    rule: 'feed-11',
    what: 'a cursor above the head is taken for level',
    file: 'packages/realtime/src/feed-access.ts',
    from: 'if (page.head < after) throw new CursorLost(after, page.floor)',
    to: '',
    test: hubFeed('a cursor above the head, as after a restored backup, gets resync too, level or joining'),
  },
  {
    rule: 'feed-12',
    what: 'while the bus stands nobody looks at the heads',
    file: 'packages/realtime/src/hub.ts',
    from: '(this.#options.bus.connected && now < this.#sweepAt)',
    to: 'this.#options.bus.connected',
    test: hubLife('a ring that was lost while the bus was connected is made good by the sweep'),
  },
  {
    rule: 'feed-12',
    what: 'with the bus down the heads are read as rarely as ever',
    file: 'packages/realtime/src/hub.ts',
    from: '(this.#options.bus.connected && now < this.#sweepAt)',
    to: 'now < this.#sweepAt',
    test: hubLife('with the bus down the heads are polled every second, and that shows'),
  },
  {
    rule: 'feed-12',
    what: 'what was rung before the bus came back is left to the sweep',
    file: 'packages/realtime/src/hub.ts',
    from: 'if (connected) this.#sweepAt = 0',
    to: '',
    test: hubLife('what was rung before the bus came back is found at once'),
  },
  {
    rule: 'feed-13',
    what: 'a stream that is full is written to all the same',
    file: 'packages/realtime/src/connection.ts',
    from: "if (this.phase === 'level') this.phase = 'behind'",
    to: '',
    test: hubSlow('a full reader is skipped, then catches up by its cursor when it reads again'),
  },
  {
    rule: 'feed-13',
    what: 'a stream that catches up is sent everything at once',
    file: 'packages/realtime/src/user-feed.ts',
    from: "if (connection.fullSince !== null) connection.phase = 'behind'\n      else if",
    to: 'if',
    test: hubSlow('a reader that fills up while catching up gets one page at a time'),
  },
  {
    rule: 'feed-13',
    what: 'a sink never says that it is full',
    file: 'packages/realtime/src/sink-web.ts',
    from: 'if ((controller.desiredSize ?? 0) > 0) return true',
    to: 'if ((controller.desiredSize ?? 0) > -1e9) return true',
    test: sink('it is full above its mark and drains when the reader has taken enough'),
  },
  {
    rule: 'feed-14',
    what: 'a reader that has stopped reading is kept for ever',
    file: 'packages/realtime/src/hub.ts',
    from: 'now - fullSince >= stuckMs',
    to: 'now - fullSince >= 1_000 * stuckMs',
    test: hubSlow('a reader that takes nothing for 30 s is torn down, and one that drains in time is not'),
  },
  {
    rule: 'feed-15',
    what: 'any number of feeds is read at once',
    file: 'packages/realtime/src/gate.ts',
    from: 'if (this.#running >= this.#limit)',
    to: 'if (this.#running >= 1_000 * this.#limit)',
    test: hubFeed('a wave of rings over many users reads only so many feeds at once'),
  },
  {
    rule: 'feed-15',
    what: 'a read may take as long as it likes',
    file: 'packages/realtime/src/feed-access.ts',
    from: 'withDeadline(world, readTimeoutMs, what,',
    to: 'withDeadline(world, 1_000 * readTimeoutMs, what,',
    test: hubFeed('a read that never answers is given up and made again'),
  },
  {
    rule: 'feed-16',
    what: 'a read that fails is not made again',
    file: 'packages/realtime/src/user-feed.ts',
    from: "if (!(await this.#pause('Reading the feed for one stream', error, failures++, signal))) return",
    to: 'return',
    test: hubFeed('a read that fails is tried again; the stream stays open and loses nothing'),
  },
  {
    rule: 'feed-17',
    what: 'of many rings of a user the last one goes out, not the highest',
    file: 'packages/realtime/src/ring-batch.ts',
    from: 'Math.max(known ?? 0, ring.head)',
    to: 'ring.head',
    test: busLocal('the rings of one user in one turn collapse into the highest head'),
  },
  {
    rule: 'feed-17',
    what: 'a message on the bus may be of any length',
    file: 'packages/realtime/src/ring-codec.ts',
    from: 'if (bytes + size > MESSAGE_BYTES_MAX)',
    to: 'if (bytes + size > 2 * MESSAGE_BYTES_MAX)',
    test: busPostgres('5,000 users rung in one turn are all heard, whatever fits into one message'),
  },
  {
    rule: 'feed-17',
    what: 'whatever comes over the bus is taken for a ring',
    file: 'packages/realtime/src/ring-codec.ts',
    from: 'value.filter(isRing)',
    to: 'value',
    test: busPostgres('messages of others on the channel are ignored'),
  },
  {
    rule: 'feed-18',
    what: 'a connection that broke is not made again',
    file: 'packages/realtime/src/keep-connected.ts',
    from: 'while (!signal.aborted) {',
    to: 'for (let tries = 0; tries < 1 && !signal.aborted; tries++) {',
    test: busPostgres('it says so, rings are lost without a fault, and it comes back by itself'),
  },
  {
    rule: 'feed-18',
    what: 'over Redis nobody listens on the channel on which the others ring',
    file: 'packages/realtime/src/bus-redis.ts',
    from: 'await redis.subscribe(channel)',
    to: 'await redis.subscribe(channel.toUpperCase())',
    test: busRedis('a ring reaches every process, its own included'),
  },
  {
    rule: 'feed-9',
    what: 'each ring costs a read',
    file: 'packages/realtime/src/user-feed.ts',
    from: 'if (head > this.#wanted) this.#wanted = head\n    this.#kick()',
    to: 'if (head > this.#wanted) this.#wanted = head\n    void this.#context.access.page(this.userId, 0, this.#stopped.signal)\n    this.#kick()',
    test: hubFeed('a doubled, stale or invented ring costs at most one read and changes nothing'),
  },
  {
    rule: 'feed-10',
    what: 'a stream that joins counts as level',
    file: 'packages/realtime/src/user-feed.ts',
    from: 'this.connections.add(connection)\n    void this.#catchUp(connection)',
    to: "this.connections.add(connection)\n    connection.phase = 'level'\n    this.#kick()",
    test: hubFeed('a stream far behind reads pages of its own and holds nobody up'),
  },
  {
    rule: 'feed-12',
    what: 'nobody looks at the heads, bus or no bus',
    file: 'packages/realtime/src/heads-poll.ts',
    from: 'for (const [userId, head] of heads) found(userId, head)',
    to: '',
    test: hubRedis(
      'a change written by one process reaches the streams of another, with Redis, without it, and with it again',
    ),
  },
  {
    rule: 'feed-14',
    what: 'a sink that throws takes the others of its user along',
    file: 'packages/realtime/src/connection.ts',
    from: '    } catch {\n',
    to: '    } catch (error) {\n      if (error) throw error\n',
    test: hubSlow('a sink that throws is torn down, and the others of its user go on'),
  },
  {
    rule: 'feed-17',
    what: 'a message goes over several lines',
    file: 'packages/realtime/src/ring-codec.ts',
    from: 'const part = JSON.stringify(ring)',
    to: 'const part = JSON.stringify(ring, null, 1)',
    test: rings(
      'any rings come back as they were, in messages below the limit of NOTIFY and without a line break',
    ),
  },
  {
    rule: 'feed-18',
    what: 'nobody asks whether the connection still lives',
    file: 'packages/realtime/src/bus-postgres.ts',
    from: "await Promise.race([client.query('SELECT 1'), over])",
    to: '',
    test: busPostgres('a connection that has gone silent is noticed and replaced'),
  },
]
