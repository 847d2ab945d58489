// The command that signs a decision, put together from what is typed; nothing of it leaves the page.

const SAFE = /^(~\/)?[\w@%+=:,.\/-]+$/;
const LINE_ENDERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** Return a text as one word of a POSIX shell. */
function word(text) {
  const line = text.replace(LINE_ENDERS, " ");
  return SAFE.test(line) ? line : `'${line.replaceAll("'", "'\\''")}'`;
}

class Signing {
  constructor(section) {
    this.section = section;
    this.field = (name) => section.querySelector(`[name=${name}]`);
    this.command = section.querySelector(".command");
    this.button = section.querySelector("button");
    this.said = section.querySelector("output");
    this.field("folder").value = this.folder();
    section.querySelector(".maker").hidden = false;
    for (const kind of ["input", "change"]) section.addEventListener(kind, () => this.draw());
    this.button.addEventListener("click", () => this.copy());
    this.draw();
  }

  /** Return where the run lies, as far as this file was opened in it: a copy elsewhere does not know. */
  folder() {
    const folders = decodeURIComponent(location.pathname).split("/").slice(0, -1);
    const last = folders.lastIndexOf(this.section.dataset.run);
    return location.protocol === "file:" && last >= 0 ? folders.slice(0, last + 1).join("/") : "";
  }

  draw() {
    const isConditional = this.field("decision").value === "approve-with-conditions";
    this.field("conditions").closest("label").hidden = !isConditional;
    const wanted = ["name", "role", "reason", ...(isConditional ? ["conditions"] : []), "folder", "key"];
    const missing = wanted.filter((name) => !this.field(name).value.trim());
    this.said.textContent = missing.length ? `Still to be filled in: ${missing.join(", ")}.` : "";
    this.button.disabled = missing.length > 0;
    this.command.textContent = this.text(isConditional);
  }

  text(isConditional) {
    const value = (name) => this.field(name).value.trim();
    const isRejected = value("decision") === "reject";
    const options = [
      ["name", value("name")], ["role", value("role")], ["decision", value("decision")], ["reason", value("reason")],
      ["conditions", isConditional ? value("conditions") : ""], ["migration", this.section.dataset.subject],
      ["expires", isRejected ? "" : value("expires")],
    ];
    const given = options.filter(([, text]) => text).map(([name, text]) => `--${name}=${word(text)}`);
    // A folder or key that begins with a dash would be taken for an option.
    const path = (text) => word(text.startsWith("-") ? `./${text}` : text);
    return ["python -m pytest_llm_migrate sign", path(value("folder")), ...given, "--key", path(value("key"))].join(" ");
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.command.textContent);
      this.said.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(this.command);
      this.said.textContent = "The browser does not let a page copy: the command is selected.";
    }
  }
}

document.querySelectorAll(".signing").forEach((section) => new Signing(section));
