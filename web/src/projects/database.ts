/** Opens a database of the browser (IndexedDB) so that tabs of two versions of this page do not wait for each other. */
import { openDB, type DBSchema, type IDBPDatabase, type OpenDBCallbacks } from "idb";
import { messageError } from "../errors/message";

export class Database<Schema extends DBSchema> {
  private opened: Promise<IDBPDatabase<Schema>> | undefined;

  constructor(
    private readonly name: string,
    private readonly version: number,
    private readonly upgrade: NonNullable<OpenDBCallbacks<Schema>["upgrade"]>,
  ) {}

  /** The connection, opened again where it was lost. */
  open(): Promise<IDBPDatabase<Schema>> {
    const opening = (this.opened ??= this.connect());
    opening.catch(() => this.opened === opening && (this.opened = undefined));
    return opening;
  }

  async close(): Promise<void> {
    (await this.opened)?.close();
    this.opened = undefined;
  }

  private connect(): Promise<IDBPDatabase<Schema>> {
    return new Promise((resolve, reject) => {
      let refused = false;
      openDB<Schema>(this.name, this.version, {
        upgrade: this.upgrade,
        // A tab of an older build keeps its connection open.
        blocked: () => {
          refused = true;
          reject(messageError("engine.storageBlocked"));
        },
        // A newer build in another tab changes the database: the next use here says so.
        blocking: (_current, _next, event) => {
          (event.target as IDBDatabase).close();
          this.opened = undefined;
        },
        terminated: () => (this.opened = undefined),
      }).then(
        (database) => (refused ? database.close() : resolve(database)),
        (error: unknown) => reject(error instanceof DOMException && error.name === "VersionError" ? messageError("engine.storageNewer") : error),
      );
    });
  }
}
