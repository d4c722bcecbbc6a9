"""How a script reads a table: its columns as numbers, with the statistics of the training rows."""

from collections.abc import Iterator

from kerasdemo.config import RunConfig
from kerasdemo.config.table_columns import MISSING, TRUTHS
from kerasdemo.export.code import lay_out, value
from kerasdemo.export.known import Known

READ_CSV = '''
def read_table(path):
    """Return the columns of a CSV file: texts, None where a value is missing."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        names, *rows = (row for row in csv.reader(file, strict=True) if row)
    columns = dict(zip(names, map(list, zip(*rows))))
    for name in columns:
        missing = ("",) if name == TEXT else MISSING
        is_missing = [text if name == TEXT else text.strip() for text in columns[name]]
        columns[name] = [
            None if word in missing else text for word, text in zip(is_missing, columns[name])
        ]
    return columns
'''
READ_PARQUET = '''
def read_table(path):
    """Return the columns of a parquet file: texts, None where a value is missing."""
    frame = pandas.read_parquet(path)
    return {str(name): [as_text(one) for one in frame[name]] for name in frame.columns}


def as_text(one):
    """Return a value as text; whole numbers without a point."""
    if one is None or one is pandas.NA or one != one:
        return None
    if isinstance(one, (bool, np.bool_)) or not isinstance(one, numbers.Number):
        return str(one)
    one = float(one)
    return f"{one:.0f}" if one == np.floor(one) and abs(one) < 1e15 else repr(one)
'''
NUMBER = '''
def number(text):
    """Return a value of a column of numbers; NaN where it is missing."""
    return np.nan if text is None else float(TRUTHS.get(text, text))
'''


def imports(config: RunConfig) -> list[str]:
    """Return the modules that the lines of `write_table` need."""
    return ["csv"] if config.data.name == "csv" else ["numbers"]


def write_functions(config: RunConfig) -> list[str]:
    """Return the functions that read a table."""
    lines: list[str] = []
    if config.data.name == "csv":
        lines += lay_out(f"MISSING = {value(MISSING)}")
        lines += [f"TEXT = {value(config.data.text)}"]
    lines += lay_out(f"TRUTHS = {value(TRUTHS)}")
    read = READ_CSV if config.data.name == "csv" else READ_PARQUET
    return [*lines, "", *read.splitlines(), "", *NUMBER.splitlines(), "", ""]


def write_table(config: RunConfig, known: Known) -> list[str]:
    """Return the lines that read a table and leave `x_all` and `y_all`, all rows in their order."""
    lines = ["columns = read_table(arguments.data)"]
    table = known.table
    assert table is not None
    if config.data.missing == "drop":
        used = value(list(table.rows.columns))
        lines += lay_out(f"used = {used}")
        lines.append("complete = [None not in row for row in zip(*(columns[n] for n in used))]")
        lines.append(
            "columns = {n: [t for t, kept in zip(columns[n], complete) if kept] for n in used}"
        )
    return [*lines, *_targets(known), *_inputs(known)]


def _targets(known: Known) -> Iterator[str]:
    table = known.table
    assert table is not None
    if known.targets == "classes":
        (target,) = table.targets
        if table.kind == "classes":
            yield from lay_out(f"classes = {value(list(table.class_names))}")
            one = "text"
        else:
            yield from lay_out(f"classes = {value([int(name) for name in table.class_names])}")
            one = "number(text)"
        yield "places = {name: place for place, name in enumerate(classes)}"
        yield f"y_all = np.array([places[{one}] for text in columns[{value(target)}]])"
        return
    dtype = "float32" if known.targets == "numbers" else "int64"
    yield from lay_out(f"targets = {value(list(table.targets))}")
    yield "y_all = np.array([[number(text) for text in columns[name]] for name in targets])"
    yield f'y_all = y_all.T.astype("{dtype}")'


def _inputs(known: Known) -> Iterator[str]:
    encoding = known.encoding
    assert encoding is not None
    for name, text in encoding.texts.items():
        yield "# The words that are known, the most frequent ones of the training rows."
        yield from lay_out(f"words = {value(list(text.vocabulary))}")
        yield "vectorize = keras.layers.TextVectorization("
        yield f"    vocabulary=words, output_sequence_length={text.length}"
        yield ")"
        yield f'texts = np.array([text or "" for text in columns[{value(name)}]])'
        yield 'x_all = np.asarray(vectorize(texts)).astype("int32")'
        return
    yield "inputs = []"
    if encoding.numeric:
        yield "# Column: the median of the training rows, which stands in for what is missing; then"
        yield "# number * scale + offset."
        rows = zip(
            encoding.numeric,
            *(array.tolist() for array in (encoding.medians, encoding.scales, encoding.offsets)),
            strict=True,
        )
        yield from lay_out(f"numeric = {value({name: row for name, *row in rows})}")
        yield "for name, (median, scale, offset) in numeric.items():"
        yield "    values = np.array([number(text) for text in columns[name]])"
        yield "    values = np.where(np.isnan(values), median, values)"
        yield '    inputs.append((values * scale + offset).astype("float32")[:, None])'
    if encoding.categories:
        yield "# Column: the categories of the training rows, each an input of 1 or 0."
        listed = {name: list(known) for name, known in encoding.categories.items()}
        yield from lay_out(f"categories = {value(listed)}")
        yield "for name, names in categories.items():"
        yield '    texts = np.array([text or "" for text in columns[name]], dtype=object)'
        yield "    inputs.append(texts[:, None] == np.array(names, dtype=object))"
    yield 'x_all = np.hstack(inputs).astype("float32")'
