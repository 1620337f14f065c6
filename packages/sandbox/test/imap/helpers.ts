import { connect, type Socket } from 'node:net'
import { ImapFlow, type ImapFlowOptions } from 'imapflow'
import { createTransport, type Transporter } from 'nodemailer'
import { onTestFinished } from 'vitest'
import type { ImapOptions } from '../../src/imap/create.ts'
import type { Sandbox, SandboxOptions } from '../../src/sandbox.ts'
import { sandboxForTest, until } from '../helpers.ts'

export const IDA = 'ida@mail.inlet.test'
export const JAN = 'jan@mail.inlet.test'

/** A sandbox with two IMAP accounts, empty unless told otherwise, that ends with the test. */
export function mailForTest(imap: ImapOptions = {}, options: SandboxOptions = {}): Promise<Sandbox> {
  const accounts = [{ email: IDA, name: 'Ida Test' }, { email: JAN }]
  return sandboxForTest({ accounts: [], ...options, imap: { accounts, ...imap } })
}

/** The unmodified client, logged in. */
export async function clientFor(
  sandbox: Sandbox,
  options: Partial<ImapFlowOptions> & { email?: string; password?: string } = {},
): Promise<ImapFlow> {
  const { email = IDA, password = 'demo', ...others } = options
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: sandbox.imap?.port ?? 0,
    secure: false,
    doSTARTTLS: false,
    auth: { user: email, pass: password },
    logger: false,
    ...others,
  })
  client.on('error', () => {})
  onTestFinished(() => client.close())
  await client.connect()
  return client
}

export function senderFor(sandbox: Sandbox, email = IDA, password = 'demo'): Transporter {
  const transport = createTransport({
    host: '127.0.0.1',
    port: sandbox.imap?.smtpPort ?? 0,
    secure: false,
    ignoreTLS: true,
    auth: { user: email, pass: password },
  })
  onTestFinished(() => transport.close())
  return transport
}

/** A connection by hand: what a client says, byte by byte, and everything the server said. */
export class Wire {
  readonly socket: Socket
  said = ''
  closed = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      this.said += text
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.closed = true
    })
  }

  /** Sends one command and answers with everything said up to its tagged line. */
  async command(tag: string, text: string): Promise<string> {
    this.said = ''
    this.socket.write(`${tag} ${text}\r\n`, 'latin1')
    await this.heard(new RegExp(`^${tag} (OK|NO|BAD)[^\r]*\r\n`, 'm'))
    return this.said
  }

  heard(pattern: RegExp): Promise<void> {
    return until(
      `${pattern.source} in ${this.said.slice(-300)}`,
      () => pattern.test(this.said) || this.closed,
    )
  }
}

export async function wireFor(sandbox: Sandbox, login = true): Promise<Wire> {
  const socket = connect(sandbox.imap?.port ?? 0, '127.0.0.1')
  onTestFinished(() => {
    socket.destroy()
  })
  const wire = new Wire(socket)
  await wire.heard(/^\* (OK|BYE) /m)
  if (login) await wire.command('in', `LOGIN ${IDA} demo`)
  return wire
}
