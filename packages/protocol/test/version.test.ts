import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { Ack, ChangesPage, FillPage } from '../src/changes.ts'
import { ApiErrorBody } from '../src/errors.ts'
import { MessageBody, MessagesPage } from '../src/messages-api.ts'
import { MutationsRequest, MutationsResponse } from '../src/mutations.ts'
import { streamEvents } from '../src/stream-events.ts'
import {
  ReconciliationsResponse,
  SyncHistoryResponse,
  SyncRequest,
  SyncResponse,
  SyncStatusResponse,
} from '../src/sync-api.ts'
import { PROTOCOL_VERSION } from '../src/version.ts'

const wire = {
  Ack,
  ApiErrorBody,
  ChangesPage,
  FillPage,
  MessageBody,
  MessagesPage,
  MutationsRequest,
  MutationsResponse,
  ReconciliationsResponse,
  SyncHistoryResponse,
  SyncRequest,
  SyncResponse,
  SyncStatusResponse,
  ...streamEvents,
}

/** Hash of every schema on the wire, by version. A changed hash needs a new version and a new line. */
const hashes: Record<number, string> = {
  1: 'e832e03513863414',
  2: 'f7cffa2da355ca22',
}

describe('the wire protocol', () => {
  it('does not change without a new version', () => {
    const schemas = Object.entries(wire).map(([name, schema]) => [
      name,
      z.toJSONSchema(schema, { io: 'input' }),
    ])
    const hash = createHash('sha256').update(JSON.stringify(schemas)).digest('hex').slice(0, 16)
    expect({ version: PROTOCOL_VERSION, hash }).toEqual({
      version: PROTOCOL_VERSION,
      hash: hashes[PROTOCOL_VERSION],
    })
  })
})
