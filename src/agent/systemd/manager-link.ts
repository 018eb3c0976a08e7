import { Manager, type OnChange } from './manager.ts';

/** systemd's manager, connected to when it is first needed and anew when the connection was lost. */
export class ManagerLink {
  readonly #socket: string;
  readonly #onChange: OnChange;
  #manager: Promise<Manager> | undefined;

  /** `onChange` is `Manager`'s. */
  constructor(socket: string, onChange: OnChange) {
    this.#socket = socket;
    this.#onChange = onChange;
  }

  get(): Promise<Manager> {
    this.#manager ??= this.#connect();
    return this.#manager;
  }

  async close(): Promise<void> {
    (await this.#manager?.catch(() => undefined))?.close();
  }

  async #connect(): Promise<Manager> {
    const forget = () => {
      this.#manager = undefined;
    };
    try {
      const manager = await Manager.connect(this.#socket, this.#onChange);
      manager.lost.throwIfAborted();
      manager.lost.addEventListener('abort', forget, { once: true });
      return manager;
    } catch (error) {
      forget();
      throw error;
    }
  }
}
