"""The words that `stories` draws from, and how a story begins and ends; all of it was written for this project.

A plot (they are in plots.json) is a row of steps, a step is a choice of sentences, and a word in braces is drawn once a
story. `{hero}` and `{friend}` come with pronouns: `{he} {him} {his}`, capitalised where a sentence starts; `{f_he}` and
so on are the friend's.
"""

from collections.abc import Mapping, Sequence

Pronouns = tuple[str, str, str]
Plot = Sequence[Sequence[str]]

SHE: Pronouns = ("she", "her", "her")
HE: Pronouns = ("he", "him", "his")

NAMES: Mapping[Pronouns, tuple[str, ...]] = {
    SHE: ("Ada", "Bella", "Clara", "Daisy", "Ella", "Fay", "Gina", "Hana", "Ivy", "June", "Kira", "Lena", "Mina",
          "Nora", "Olga", "Pia", "Rosa", "Suri", "Tess", "Vera", "Wilma", "Yara", "Zoe", "Mei"),
    HE: ("Abe", "Bo", "Carl", "Dan", "Emil", "Finn", "Gus", "Hugo", "Ian", "Jon", "Karl", "Leo", "Milo", "Nick",
         "Omar", "Paul", "Ray", "Sam", "Theo", "Ugo", "Vik", "Will", "Yuri", "Zack"),
}  # fmt: skip
CHILDREN: Mapping[Pronouns, str] = {SHE: "girl", HE: "boy"}
ANIMALS = ("rabbit", "bear", "fox", "mouse", "duck", "cat", "dog", "frog", "squirrel", "hedgehog", "owl", "pony",
           "lamb", "turtle", "mole", "penguin")  # fmt: skip

WORDS: Mapping[str, tuple[str, ...]] = {
    "trait": ("kind", "brave", "shy", "happy", "curious", "clever", "quiet", "cheerful", "gentle", "lively",
              "careful", "sleepy", "funny", "polite", "busy", "dreamy"),
    "f_trait": ("wise", "friendly", "old", "young", "merry", "patient", "playful", "tiny", "tall", "calm", "silly",
                "good"),
    "color": ("red", "blue", "green", "yellow", "orange", "purple", "pink", "white", "black", "golden", "silver",
              "brown"),
    "look": ("shiny", "soft", "pretty", "new", "old", "big", "small", "special", "round", "lovely"),
    "toy": ("ball", "kite", "drum", "doll", "boat", "train", "hat", "scarf", "bell", "book", "cup", "ring", "key",
            "button", "balloon", "truck", "robot", "puzzle", "whistle", "basket"),
    "food": ("apple", "cookie", "pear", "cake", "carrot", "sandwich", "muffin", "banana", "pie", "bun", "plum",
             "pancake", "peach", "bread roll"),
    "place": ("the park", "the garden", "the forest", "the beach", "the hill", "the meadow", "the farm", "the pond",
              "the river", "the playground", "the orchard", "the lake", "the old bridge", "the market"),
    "hiding": ("under a bush", "behind a rock", "in the tall grass", "under the bed", "behind the door", "in a box",
               "next to a tree", "under a pile of leaves", "inside a boot", "behind the fence", "on top of a shelf"),
    "parent": ("mom", "dad", "grandma", "grandpa", "aunt", "uncle", "big sister", "big brother"),
    "weather": ("sunny", "windy", "warm", "cloudy", "cold", "bright", "foggy", "snowy", "hot", "fresh"),
    "time": ("morning", "afternoon", "evening", "day"),
    "baby": ("kitten", "puppy", "duckling", "chick", "bunny", "fawn", "piglet", "calf", "cub"),
    "skill": ("swim", "whistle", "skate", "dance", "climb", "juggle", "sing", "ride a bike", "tie a knot", "bake",
              "paint a picture", "fly a kite"),
    "breakable": ("vase", "plate", "lamp", "mug", "window", "jar", "mirror", "teapot", "bowl"),
    "plant": ("flower", "tree", "sunflower", "pumpkin", "bean", "rose", "tomato", "melon"),
    "animal": ("bird", "butterfly", "snail", "bee", "goat", "hen", "cow", "ladybug", "goose", "donkey"),
    "sound": ("tap, tap, tap", "a squeak", "a thump", "a soft growl", "a scratch", "a long hoot", "a bang",
              "a rustle"),
    "cause": ("a branch that touched the window", "a hungry mouse", "the wind in the door",
              "a cat that wanted to come in", "a loose board", "an owl on the roof", "a clock that was not well",
              "the rain on a bucket"),
    "number": ("two", "three", "four", "five", "six", "seven"),
    "tool": ("a long stick", "a ladder", "a rope", "a net", "a rake", "a broom"),
}  # fmt: skip

OPENINGS: Plot = (
    (
        "Once upon a time, there was a {trait} {kind} named {hero}.",
        "There once was a {kind} called {hero}, and {he} was very {trait}.",
        "{hero} was a {trait} {kind} who lived near {place}.",
        "One {weather} {time}, a {trait} {kind} named {hero} woke up with a smile.",
        "In a small house near {place} lived {hero}, a {trait} {kind}.",
    ),
    (
        "{He} liked to play with {his} friend {friend}, a {f_trait} {f_kind}.",
        "{His} best friend was {friend}, a {f_trait} {f_kind}.",
        "{He} had a {f_trait} friend, a {f_kind} named {friend}.",
        "Every {time} {he} met {friend}, the {f_trait} {f_kind}.",
        "{He} loved {his} {parent} and {his} friend {friend}, a {f_kind}.",
    ),
)

ENDINGS: Plot = (
    (
        "From that day on, {hero} and {friend} were even better friends.",
        "{hero} was tired and happy, and {he} went home to {his} {parent}.",
        "That night {hero} dreamed of a {color} {toy}.",
        "And they lived happily near {place}.",
        '"What a {weather} day," said {friend}, and {hero} smiled.',
        "{hero} never forgot that {time}.",
        "Then they all had {food} and sang a song.",
    ),
)
