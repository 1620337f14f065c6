import { ProviderError } from '@inlet/sync/provider-errors'
import type { ListedPage, PulledMessage, WatchGrant } from '@inlet/sync/provider-port'
import { type Answer, Mailbox } from '../mailbox.ts'

/** What others' mailboxes answer and this one is asked for by commands over a connection. */
export abstract class AskedElsewhere extends Mailbox {
  cursor(): string {
    throw notSo()
  }

  page(): Answer {
    throw notSo()
  }

  listings() {
    return []
  }

  list(): ListedPage {
    throw notSo()
  }

  state(id: string): PulledMessage | undefined {
    return this.messages.get(id)
  }

  watch(): WatchGrant {
    throw notSo()
  }

  unwatch(): void {}

  forgePush(): void {}

  secretOf(): null {
    return null
  }

  told() {
    return []
  }

  branches() {
    return []
  }
}

const notSo = () => new ProviderError('permanent', 'This is asked over a connection.')
