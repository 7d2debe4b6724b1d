// Over 400 lines: one machine, whose operations share its stack, its memo and their bounds; what opens the two kinds of
// files around it is thirty lines.
#include "network/pickled_tensors.h"

#include <torch/types.h>

#include <map>
#include <memory>
#include <stdexcept>
#include <variant>

#include "core/error.h"
#include "core/printable_text.h"
#include "network/plain_errors.h"
#include "network/zip_members.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr ZipBounds kPickleZip{std::uint64_t{8} << 30, 200'000};
constexpr size_t kMaxPickleBytes = size_t{64} << 20;
constexpr size_t kMaxPickleItems = 2'000'000;
constexpr size_t kMaxTensorDimensions = 8;
constexpr double kMostCopies = 4;  // tied weights are several tensors of the same bytes
constexpr std::int64_t kMaxTensorElements = std::int64_t{1} << 40;

struct PickledValue;
using Pointer = std::shared_ptr<PickledValue>;

/// What a program of a state dict makes.
struct None {};
struct Mark {};
struct Global {
  std::string name;  ///< "torch._utils._rebuild_tensor_v2"
};
struct Storage {
  at::ScalarType dtype;
  std::string record;
};
using Sequence = std::vector<Pointer>;
using Dictionary = std::vector<std::pair<Pointer, Pointer>>;

struct PickledValue {
  std::variant<None, Mark, bool, std::int64_t, double, std::string, Global, Storage, Sequence, Dictionary, at::Tensor>
      is;
};

template <typename Value>
Pointer made(Value value) {
  return std::make_shared<PickledValue>(PickledValue{std::move(value)});
}

[[noreturn]] void fail_pickle(const std::string& why) {
  throw std::runtime_error(printable(why));
}

template <typename Value>
const Value& as(const Pointer& value, const char* what) {
  const auto* found = value ? std::get_if<Value>(&value->is) : nullptr;
  if (found == nullptr) fail_pickle(text("it has something else where ", what, " should be"));
  return *found;
}

const std::map<std::string, at::ScalarType>& storages() {
  static const std::map<std::string, at::ScalarType> known = {
      {"torch.FloatStorage", at::kFloat},   {"torch.HalfStorage", at::kHalf}, {"torch.BFloat16Storage", at::kBFloat16},
      {"torch.DoubleStorage", at::kDouble}, {"torch.LongStorage", at::kLong}, {"torch.IntStorage", at::kInt},
      {"torch.ShortStorage", at::kShort},   {"torch.CharStorage", at::kChar}, {"torch.ByteStorage", at::kByte},
      {"torch.BoolStorage", at::kBool}};
  return known;
}

bool is_known_function(const std::string& name) {
  return name == "collections.OrderedDict" || name == "torch._utils._rebuild_tensor_v2" ||
         name == "torch._utils._rebuild_parameter";
}

/// Runs the program of data.pkl.
class Unpickler {
 public:
  Unpickler(const std::string& program, const std::map<std::string, std::string>& records)
      : program_(program), records_(records) {
    for (const auto& [name, bytes] : records) record_bytes_ += static_cast<double>(bytes.size());
  }
  /// Values hold each other as deep as the program likes: they let go one by one.
  ~Unpickler() {
    for (const Pointer& value : all_) value->is = None{};
  }
  Unpickler(const Unpickler&) = delete;
  Unpickler& operator=(const Unpickler&) = delete;

  Pointer run() {
    for (;;) {
      const auto opcode = static_cast<unsigned char>(take(1).front());
      if (opcode == '.') return pop();
      step(opcode);
    }
  }

 private:
  std::string_view take(size_t count) {
    if (count > program_.size() - at_) fail_pickle("it breaks off");
    const std::string_view bytes(program_.data() + at_, count);
    at_ += count;
    return bytes;
  }

  /// A little-endian number of so many bytes, without a sign.
  std::uint64_t number(size_t bytes) {
    std::uint64_t value = 0;
    const std::string_view given = take(bytes);
    for (size_t k = bytes; k > 0; --k) value = value << 8U | static_cast<unsigned char>(given[k - 1]);
    return value;
  }

  std::string line() {
    const size_t end = program_.find('\n', at_);
    if (end == std::string::npos || end - at_ > 256) fail_pickle("it breaks off");
    std::string result(take(end - at_));
    take(1);
    return result;
  }

  Pointer pop() {
    if (stack_.empty()) fail_pickle("it takes what is not there");
    Pointer top = std::move(stack_.back());
    stack_.pop_back();
    return top;
  }

  void push(const Pointer& value) {
    if (all_.size() >= kMaxPickleItems) fail_pickle("it holds too many things");
    all_.push_back(value);
    stack_.push_back(value);
  }

  Sequence pop_to_mark() {
    size_t first = stack_.size();
    while (first > 0 && !std::holds_alternative<Mark>(stack_[first - 1]->is)) --first;
    if (first == 0) fail_pickle("it takes what is not there");
    Sequence items(stack_.begin() + static_cast<std::ptrdiff_t>(first), stack_.end());
    stack_.resize(first - 1);
    return items;
  }

  void push_tuple(size_t count) {
    Sequence items(count);
    for (size_t k = count; k > 0; --k) items[k - 1] = pop();
    push(made(std::move(items)));
  }

  template <typename Value>
  Value& top_as(const char* what) {
    auto* found = stack_.empty() ? nullptr : std::get_if<Value>(&stack_.back()->is);
    if (found == nullptr) fail_pickle(text("it adds to something that is no ", what));
    return *found;
  }

  void step(unsigned char opcode) {
    switch (opcode) {
      case 0x80:  // PROTO
        take(1);
        return;
      case 0x95:  // FRAME
        take(8);
        return;
      case '(':
        return push(made(Mark{}));
      case 'N':
        return push(made(None{}));
      case 0x88:
        return push(made(true));
      case 0x89:
        return push(made(false));
      case '}':
        return push(made(Dictionary{}));
      case ']':
      case ')':
        return push(made(Sequence{}));
      case '0':
        pop();
        return;
      case '2':
        if (stack_.empty()) fail_pickle("it takes what is not there");
        return push(Pointer(stack_.back()));
      default:
        return number_or_text(opcode);
    }
  }

  void number_or_text(unsigned char opcode) {
    switch (opcode) {
      case 'J':  // BININT
        return push(made(static_cast<std::int64_t>(static_cast<std::int32_t>(number(4)))));
      case 'K':
        return push(made(static_cast<std::int64_t>(number(1))));
      case 'M':
        return push(made(static_cast<std::int64_t>(number(2))));
      case 0x8a: {  // LONG1
        const size_t bytes = number(1);
        if (bytes > 8) fail_pickle("it has a number beyond 64 bits");
        std::uint64_t value = bytes == 0 ? 0 : number(bytes);
        const bool negative = bytes > 0 && bytes < 8 && (value >> (8 * bytes - 1) & 1U) != 0;
        if (negative) value |= ~std::uint64_t{0} << (8 * bytes);
        return push(made(static_cast<std::int64_t>(value)));
      }
      case 'G':  // BINFLOAT: its value decides nothing here
        take(8);
        return push(made(0.0));
      case 'X':  // BINUNICODE
        return push(made(std::string(take(number(4)))));
      case 0x8c:  // SHORT_BINUNICODE
        return push(made(std::string(take(number(1)))));
      default:
        return remembered(opcode);
    }
  }

  void remembered(unsigned char opcode) {
    switch (opcode) {
      case 'q':
        return remember(number(1));
      case 'r':
        return remember(number(4));
      case 0x94:  // MEMOIZE
        return remember(memo_.size());
      case 'h':
        return recall(number(1));
      case 'j':
        return recall(number(4));
      default:
        return gathered(opcode);
    }
  }

  void remember(std::uint64_t place) {
    if (stack_.empty()) fail_pickle("it remembers what is not there");
    memo_[place] = stack_.back();
  }

  void recall(std::uint64_t place) {
    const auto found = memo_.find(place);
    if (found == memo_.end()) fail_pickle("it recalls what is not there");
    push(found->second);
  }

  void gathered(unsigned char opcode) {
    switch (opcode) {
      case 't':
        return push(made(pop_to_mark()));
      case 0x85:
      case 0x86:
      case 0x87:
        return push_tuple(opcode - 0x84U);
      case 'e': {
        Sequence items = pop_to_mark();
        auto& list = top_as<Sequence>("list");
        list.insert(list.end(), items.begin(), items.end());
        return;
      }
      case 'a': {
        Pointer item = pop();
        return top_as<Sequence>("list").push_back(std::move(item));
      }
      case 'u': {
        const Sequence items = pop_to_mark();
        auto& all = top_as<Dictionary>("dictionary");
        if (items.size() % 2 != 0) fail_pickle("it has a key without a value");
        for (size_t k = 0; k < items.size(); k += 2) all.emplace_back(items[k], items[k + 1]);
        return;
      }
      case 's': {
        Pointer value = pop(), key = pop();
        top_as<Dictionary>("dictionary").emplace_back(std::move(key), std::move(value));
        return;
      }
      case 'b':  // attributes of a state dict, such as the versions of its modules
        pop();
        top_as<Dictionary>("dictionary");
        return;
      default:
        return called(opcode);
    }
  }

  void called(unsigned char opcode) {
    switch (opcode) {
      case 'c': {
        const std::string module = line();
        return push_global(module + "." + line());
      }
      case 0x93: {  // STACK_GLOBAL
        const Pointer name = pop(), module = pop();
        return push_global(as<std::string>(module, "a module's name") + "." + as<std::string>(name, "a name"));
      }
      case 'Q':
        return push(storage_of(pop()));
      case 'R': {
        const Pointer arguments = pop(), function = pop();
        return push(result_of(as<Global>(function, "a function").name, as<Sequence>(arguments, "arguments")));
      }
      default:
        fail_pickle(text("it has the instruction ", static_cast<int>(opcode), ", which no state dict needs"));
    }
  }

  void push_global(const std::string& name) {
    if (!is_known_function(name) && !storages().contains(name)) {
      fail_pickle(text("it names ", name, ", which is neither a tensor nor a dictionary and could run code"));
    }
    push(made(Global{name}));
  }

  /// ("storage", its class, its record, "cpu", its number of elements).
  Pointer storage_of(const Pointer& reference) const {
    const auto& parts = as<Sequence>(reference, "a storage");
    if (parts.size() != 5 || as<std::string>(parts[0], "a storage") != "storage")
      fail_pickle("it has a strange storage");
    const auto type = storages().find(as<Global>(parts[1], "a storage's class").name);
    if (type == storages().end()) fail_pickle("it has a storage of no known type");
    return made(Storage{type->second, "data/" + as<std::string>(parts[2], "a storage's record")});
  }

  Pointer result_of(const std::string& function, const Sequence& arguments) {
    if (function == "collections.OrderedDict") {
      if (!arguments.empty()) fail_pickle("it has a dictionary with arguments");
      return made(Dictionary{});
    }
    if (function == "torch._utils._rebuild_parameter" && !arguments.empty()) {
      as<at::Tensor>(arguments[0], "a tensor");
      return arguments[0];
    }
    if (function == "torch._utils._rebuild_tensor_v2" && arguments.size() >= 4) return made(tensor_of(arguments));
    fail_pickle(text("it calls ", function));
  }

  static std::vector<std::int64_t> numbers_of(const Pointer& sequence, const char* what) {
    std::vector<std::int64_t> numbers;
    for (const Pointer& item : as<Sequence>(sequence, what)) {
      numbers.push_back(as<std::int64_t>(item, what));
      if (numbers.back() < 0 || numbers.back() > kMaxTensorElements)
        fail_pickle(text("a tensor has ", what, " beyond bounds"));
    }
    if (numbers.size() > kMaxTensorDimensions) fail_pickle("a tensor has too many dimensions");
    return numbers;
  }

  /// (storage, offset, sizes, strides, ...): copied out of the record's bytes.
  at::Tensor tensor_of(const Sequence& arguments) {
    const auto& [dtype, record] = as<Storage>(arguments[0], "a storage");
    const auto found = records_.find(record);
    if (found == records_.end()) fail_pickle(text("it lacks ", record));
    const std::int64_t offset = as<std::int64_t>(arguments[1], "an offset");
    const auto sizes = numbers_of(arguments[2], "sizes"), strides = numbers_of(arguments[3], "strides");
    if (sizes.size() != strides.size() || offset < 0 || offset > kMaxTensorElements)
      fail_pickle("a tensor has strides unlike its sizes");
    double last = static_cast<double>(offset), elements = 1;
    for (size_t k = 0; k < sizes.size(); ++k) {
      elements *= static_cast<double>(sizes[k]);
      last += static_cast<double>(std::max<std::int64_t>(sizes[k] - 1, 0)) * static_cast<double>(strides[k]);
    }
    const auto itemsize = static_cast<double>(c10::elementSize(dtype));
    const auto bytes = static_cast<double>(found->second.size());
    if (elements * itemsize > bytes || (elements > 0 && (last + 1) * itemsize > bytes)) {
      fail_pickle(text("a tensor reaches beyond the bytes of ", record));
    }
    copied_ += elements * itemsize;
    if (copied_ > kMostCopies * record_bytes_) fail_pickle("its tensors share their bytes too often");
    const auto all = static_cast<std::int64_t>(found->second.size() / c10::elementSize(dtype));
    const torch::Tensor flat = torch::from_blob(const_cast<char*>(found->second.data()), {all}, dtype);
    return flat.as_strided(sizes, strides, offset).clone(at::MemoryFormat::Contiguous);
  }

  const std::string& program_;
  const std::map<std::string, std::string>& records_;
  size_t at_ = 0;
  std::vector<Pointer> all_;  // that were ever made
  std::vector<Pointer> stack_;
  std::map<std::uint64_t, Pointer> memo_;
  double record_bytes_ = 0, copied_ = 0;  // of all records, and out of them
};

/// The dictionary that holds tensors by name: the whole, or below one of the usual keys.
const Dictionary& state_of(const Dictionary& all) {
  for (const auto& [key, value] : all) {
    const auto* name = std::get_if<std::string>(&key->is);
    const auto* below = std::get_if<Dictionary>(&value->is);
    if (name != nullptr && below != nullptr && (*name == "state_dict" || *name == "model")) return *below;
  }
  return all;
}

TensorMap tensors_of(const Dictionary& state) {
  TensorMap tensors;
  for (const auto& [key, value] : state) {
    const std::string& name = as<std::string>(key, "a tensor's name");
    if (!tensors.emplace(name, as<at::Tensor>(value, "a tensor")).second) fail_pickle(text("it has ", name, " twice"));
  }
  if (tensors.empty()) fail_pickle("it holds no tensor");
  return tensors;
}

/// Without the folder that all of them lie in.
std::map<std::string, std::string> records_of(std::map<std::string, std::string>&& members) {
  std::map<std::string, std::string> records;
  for (auto& [name, bytes] : members) records.emplace(name.substr(name.find('/') + 1), std::move(bytes));
  return records;
}

}  // namespace

TensorMap read_pickled_tensors(const fs::path& path) {
  const auto records = records_of(read_zip_members(path, kPickleZip));
  const std::string refusal = path.string() + " holds no plain tensors";
  return in_plain_words(ErrorKind::BundleInvalid, refusal, [&] {
    try {
      const auto program = records.find("data.pkl");
      if (program == records.end()) fail_pickle("it was not written by torch.save");
      if (program->second.size() > kMaxPickleBytes) fail_pickle("it has too long a program");
      Unpickler unpickler(program->second, records);
      const Pointer result = unpickler.run();
      return tensors_of(state_of(as<Dictionary>(result, "a dictionary of tensors")));
    } catch (const std::runtime_error& error) {
      throw Error(ErrorKind::BundleInvalid, text(refusal, ": ", error.what()));
    }
  });
}

}  // namespace lumbargrade
