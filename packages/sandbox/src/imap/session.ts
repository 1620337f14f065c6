import type { Socket } from 'node:net'
import { CAPABILITIES } from './commands/capability.ts'
import { runCommand } from './commands/run.ts'
import type { Imap } from './imap.ts'
import type { ImapMailbox } from './mailbox/imap-mailbox.ts'
import type { StoredFolder, StoredPlace } from './mailbox/types.ts'
import { Outgoing } from './outgoing.ts'
import type { View } from './view.ts'
import { CommandReader, type Incoming, type Line } from './wire/command-reader.ts'
import type { Token } from './wire/tokens.ts'

/** Before anyone is known, nothing large is taken. */
const LITERAL_BEFORE_LOGIN = 8192

/** One connection of a client, from greeting to end. Commands run one after the other. */
export class Session {
  readonly imap: Imap
  readonly out: Outgoing
  mailbox: ImapMailbox | null = null
  view: View | null = null
  /** The client knows MODSEQ: it is told with every change of flags (RFC 7162 §3.2). */
  condstore = false
  /** Takes the next line instead of a command: the rest of a dialogue such as IDLE or AUTHENTICATE. */
  dialogue: ((line: string) => Promise<void>) | null = null
  /** While idling, changes are told at once. */
  idling = false
  ended = false
  readonly #socket: Socket
  readonly #reader: CommandReader
  #unwatch = (): void => {}

  constructor(imap: Imap, socket: Socket) {
    this.imap = imap
    this.#socket = socket
    this.out = new Outgoing(socket, imap.limits)
    this.#reader = new CommandReader(imap.limits.lineBytes, () =>
      this.mailbox ? imap.limits.literalBytes : LITERAL_BEFORE_LOGIN,
    )
  }

  /** Serves the connection; settles when it is over. */
  async run(): Promise<void> {
    const socket = this.#socket
    socket.setTimeout(this.imap.limits.idleMs, () => void this.bye('You were silent for too long'))
    socket.setNoDelay(true)
    this.out.line(['*', 'OK', `[CAPABILITY ${CAPABILITIES.join(' ')}]`, 'Inlet sandbox'])
    try {
      for await (const chunk of socket) {
        for (const incoming of this.#reader.feed(chunk as Buffer)) {
          await this.#take(incoming)
          if (this.ended) return
        }
      }
    } catch {
      // The client is gone; there is nobody to tell.
    } finally {
      this.leave()
      socket.destroy()
    }
  }

  login(mailbox: ImapMailbox): void {
    this.mailbox = mailbox
    this.#unwatch()
    this.#unwatch = mailbox.watch(folder => this.#changed(folder))
  }

  /** Says BYE and ends the connection, once what waits has been read or has waited too long. */
  async bye(why: string): Promise<void> {
    if (this.ended) return
    this.ended = true
    this.out.line(['*', 'BYE', why])
    await this.out.end()
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.ended = true
    this.#socket.destroy()
  }

  /** Nothing is selected, and nobody listens to this session any more. */
  leave(): void {
    this.#unwatch()
    this.view = null
    this.ended = true
  }

  /** Resolves after `ms`, or when the connection ends. */
  pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(done, ms)
      const socket = this.#socket
      function done(): void {
        clearTimeout(timer)
        socket.off('close', done)
        resolve()
      }
      socket.once('close', done)
    })
  }

  /** Tells what happened in the selected folder; expunges only where numbers may change (RFC 3501 §7.4.1). */
  tell(expunges: boolean): void {
    if (!this.view || this.ended) return
    if (!this.view.alive) {
      void this.bye('The folder was deleted or numbered anew')
      return
    }
    for (const line of this.view.news(expunges, place => this.flagsOf(place))) this.out.line(['*', ...line])
  }

  /** What an unasked FETCH response says. */
  flagsOf(place: StoredPlace): Token {
    const modseq = this.condstore ? ['MODSEQ', [String(place.modseq)]] : []
    return ['UID', String(place.uid), ...modseq, 'FLAGS', place.flags]
  }

  /** From now on MODSEQ is told; a folder that is open already says where it stands. */
  enableCondstore(): void {
    if (this.condstore) return
    this.condstore = true
    if (this.view) this.out.line(['*', 'OK', `[HIGHESTMODSEQ ${this.view.folder.highestModseq}]`, 'Enabled'])
  }

  sees(folder: StoredFolder): boolean {
    return this.view?.id === folder.id
  }

  async #take(incoming: Incoming): Promise<void> {
    if (incoming.kind === 'line') return this.#line(incoming)
    if (incoming.kind === 'go-ahead') return this.out.line(['+', 'Go ahead'])
    const tag = /^[^\s{}()%*"\\+]+/.exec(incoming.text)?.[0] ?? '*'
    if (incoming.kind === 'too-long') return this.out.line([tag, 'BAD', 'The line is too long'])
    this.out.line([tag, 'NO', '[TOOBIG]', 'The message is too large'])
    // What is already on its way cannot be told from commands.
    if (incoming.coming) await this.bye('The literal is too large')
  }

  async #line(line: Line): Promise<void> {
    const { dialogue } = this
    if (dialogue) await dialogue(line.text)
    else await runCommand(this, line)
    await this.out.drained()
  }

  #changed(folder: number): void {
    if (this.view?.id !== folder) return
    if (!this.idling && this.view.alive) return
    this.tell(true)
    this.out.cutIfFull()
  }
}
